"""Types that occur in several tables, each with its one description; the tables are in `schema` and `site_schema`.

Each is `Annotated[type, Meta(description=…)]`, see `schema`.
"""

from typing import Annotated

from msgspec import Meta, Struct

MAX_SECONDS = 86_400.0
"""A day: longer waits are mistakes of the unit more often than wishes."""


class Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all tables have in common: immutable, by keyword, no unknown keys."""


TlsHandshake = Annotated[
    float,
    Meta(
        description="From accepting a browser's connection to the end of its TLS handshake.",
        gt=0,
        le=MAX_SECONDS,
        extra={"kind": "duration"},
    ),
]
RequestHead = Annotated[
    float,
    Meta(
        description="From the first byte of a request, or the end of the handshake, to the end of its head; then 408.",
        gt=0,
        le=MAX_SECONDS,
        extra={"kind": "duration"},
    ),
]
KeepAlive = Annotated[
    float,
    Meta(
        description="How long an idle connection is kept, towards browsers and in the pool of each server.",
        gt=0,
        le=MAX_SECONDS,
        extra={"kind": "duration"},
    ),
]
PoolKeepAlive = Annotated[
    float,
    Meta(
        description="How long an idle connection is kept in the pool of each server of this site.",
        gt=0,
        le=MAX_SECONDS,
        extra={"kind": "duration"},
    ),
]
BodyProgress = Annotated[
    float,
    Meta(
        description="How long a body may stand still, in either direction, before the request is given up.",
        gt=0,
        le=MAX_SECONDS,
        extra={"kind": "duration"},
    ),
]
Connect = Annotated[
    float,
    Meta(
        description="TCP connect to a server of a site; then the next server is tried, at last 503.",
        gt=0,
        le=MAX_SECONDS,
        extra={"kind": "duration"},
    ),
]
UpstreamTlsHandshake = Annotated[
    float,
    Meta(description="TLS handshake with a server of a site.", gt=0, le=MAX_SECONDS, extra={"kind": "duration"}),
]
ResponseHead = Annotated[
    float,
    Meta(
        description="From the end of a request to the end of its answer's head; then 504. "
        "Notification long polls last minutes: give their path a longer one under `routes`.",
        gt=0,
        le=MAX_SECONDS,
        extra={"kind": "duration"},
    ),
]
TunnelIdle = Annotated[
    float,
    Meta(
        description="A tunnel (WebSocket) without a byte in either direction is closed.",
        gt=0,
        le=MAX_SECONDS,
        extra={"kind": "duration"},
    ),
]
Drain = Annotated[
    float,
    Meta(
        description="From the signal to stop to the end of requests in flight; what is left then is cut off.",
        gt=0,
        le=MAX_SECONDS,
        extra={"kind": "duration"},
    ),
]
BodyBytes = Annotated[
    int,
    Meta(
        description="Body of a request; beyond it 413. 0 lifts the limit.",
        ge=0,
        extra={"unit": "bytes", "historic": "maxRequestLength, 35 MB in Exchange 2010's OWA"},
    ),
]
UpstreamConnections = Annotated[
    int, Meta(description="Connections to one server; beyond it 503.", ge=1, le=65_535, extra={"unit": "connections"})
]
CertificateFile = Annotated[
    str,
    Meta(
        description="PEM file with our certificate and the intermediates to send; it may hold the key, too.",
        extra={"example": "/etc/casproxy/tls.pem"},
    ),
]
KeyFile = Annotated[
    str,
    Meta(
        description="PEM file with the certificate's private key, not encrypted.",
        extra={"example": "/etc/casproxy/tls.key", "absent": "Absent: the key is in the certificate's file."},
    ),
]
