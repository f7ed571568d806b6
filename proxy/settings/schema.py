"""Every key of the configuration, one struct per TOML table; reading and checking values is left to others.

Each key is `Annotated[type, Meta(description=…)]`: meaning and consequences. `extra` may hold:
`kind` (how text becomes the value when the type does not say, see `keys.Kind`), `unit`, `historic` (the name in
Exchange 2010), `alias` (a second spelling), `secret` (never shown), `example` (for the example file), `absent` (what
an absent value means when the default does not say), `words` (all that a list may hold), `beside` (a key of the same
table; where a site sets that one, this one is not taken from above). Reference, example file and JSON Schema are
rendered from here.
"""

from typing import Annotated, Literal

from msgspec import Meta

from proxy.settings.events_schema import Events
from proxy.settings.health_schema import Health, Monitor
from proxy.settings.signin_schema import Directory, Identity, Session
from proxy.settings.site_schema import Site
from proxy.settings.terms import (
    BodyBytes,
    BodyProgress,
    CertificateFile,
    Connect,
    Drain,
    KeepAlive,
    KeyFile,
    RequestHead,
    ResponseHead,
    Table,
    TlsHandshake,
    TunnelIdle,
    UpstreamConnections,
    UpstreamTlsHandshake,
)
from proxy.settings.trust_schema import Trust


class Certificate(Table, frozen=True, kw_only=True):
    """One more certificate that browsers may ask for by name (SNI)."""

    certificate: CertificateFile
    key: KeyFile = ""


class ServerSettings(Table, frozen=True, kw_only=True):
    """The proxy itself: its name, where it listens, its certificate."""

    name: Annotated[
        str,
        Meta(
            description="Our own name: the first server in events, and what `Via` and `Proxy-Status` say.",
            extra={"example": "CAS01", "absent": "Absent: the host name of this machine."},
        ),
    ] = ""
    listen: Annotated[
        tuple[str, ...],
        Meta(
            description="Addresses for HTTPS, `host:port`, one or a list. IPv6 in brackets: `[::]:8443`. "
            "Port 0 takes any free port.",
            extra={"kind": "one_or_more"},
        ),
    ] = ("0.0.0.0:8443",)
    redirect_listen: Annotated[
        tuple[str, ...],
        Meta(
            description="Addresses for plain HTTP, one or a list; every request there is answered 308 to HTTPS.",
            extra={"kind": "one_or_more", "example": "0.0.0.0:8080", "absent": "Absent: no plain HTTP."},
        ),
    ] = ()
    admin: Annotated[
        str,
        Meta(
            description="Address of the admin API, `/livez` and `/readyz`. "
            "Anything but a loopback address needs an admin token."
        ),
    ] = "127.0.0.1:9643"
    admin_token: Annotated[
        str,
        Meta(
            description="Bearer token of the admin API. Prefer `admin_token_file`, which keeps it out of this file "
            "and of the environment.",
            extra={"secret": True, "example": "…"},
        ),
    ] = ""
    admin_token_file: Annotated[
        str,
        Meta(
            description="File that holds the bearer token of the admin API; white space around it does not count.",
            extra={"example": "/run/secrets/casproxy-admin-token"},
        ),
    ] = ""
    state_dir: Annotated[
        str,
        Meta(
            description="Directory for what the proxy itself writes: the sessions that were ended. The lab keeps "
            "all its files there."
        ),
    ] = "/var/lib/casproxy"
    certificate: CertificateFile
    key: KeyFile = ""
    certificates: Annotated[
        tuple[Certificate, ...],
        Meta(description="Further certificates, chosen by the name the browser asks for (SNI)."),
    ] = ()
    min_tls_version: Annotated[Literal["1.2", "1.3"], Meta(description="Lowest TLS version that browsers may use.")] = (
        "1.2"
    )
    watch: Annotated[
        bool,
        Meta(
            description="Whether changes of this file, and of certificates, keys, authorities, revocation lists and "
            "the token's file are noticed and put in force as by a reload; they are looked at once a second."
        ),
    ] = False
    workers: Annotated[
        int | str,
        Meta(
            description='Worker processes; `"auto"` takes one for each processor. 1 serves in one process, which is '
            "easiest to look into. With more, one further process writes events and answers the admin API, and "
            "`limits.connections` and `limits.upstream_connections` are shared out among the workers.",
            extra={"kind": "count", "unit": "processes"},
        ),
    ] = 1
    switch_takes_restart: Annotated[
        bool,
        Meta(
            description="Whether `allow_internal_untrusted_certs` is read at the start only, as Exchange 2010 did, "
            "for demonstrations: a reload and the admin API leave it as it is."
        ),
    ] = False
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(
            description="Networks of proxies in front of this one, whose `Forwarded`, `X-Forwarded-*` and "
            "`X-Request-Id` are believed; all others' are replaced.",
            extra={"example": ["10.0.0.0/8", "2001:db8::/32"]},
        ),
    ] = ()


class Timeouts(Table, frozen=True, kw_only=True):
    """How long each wait may take."""

    tls_handshake: TlsHandshake = 10.0
    request_head: RequestHead = 15.0
    keep_alive: KeepAlive = 75.0
    body_progress: BodyProgress = 60.0
    connect: Connect = 5.0
    upstream_tls_handshake: UpstreamTlsHandshake = 10.0
    response_head: ResponseHead = 120.0
    tunnel_idle: TunnelIdle = 300.0
    drain: Drain = 30.0


class Limits(Table, frozen=True, kw_only=True):
    """How much a peer may send or hold; each limit itself is still allowed."""

    connections: Annotated[
        int,
        Meta(
            description="Browser connections in all; lowered to what the limit of open files allows, and said at "
            "start. Beyond it 503.",
            ge=1,
            le=10_000_000,
            extra={"unit": "connections"},
        ),
    ] = 10_000
    connections_per_client: Annotated[
        int,
        Meta(
            description="Browser connections of one client address; beyond it 503.",
            ge=1,
            le=10_000_000,
            extra={"unit": "connections"},
        ),
    ] = 200
    target_bytes: Annotated[
        int, Meta(description="Request target (path and query); beyond it 414.", ge=64, extra={"unit": "bytes"})
    ] = 8_192
    header_bytes: Annotated[
        int, Meta(description="One header field, name and value; beyond it 431.", ge=256, extra={"unit": "bytes"})
    ] = 16_384
    head_bytes: Annotated[
        int,
        Meta(
            description="Start line and all header fields together; beyond it 431.",
            ge=512,
            le=16_777_216,
            extra={"unit": "bytes"},
        ),
    ] = 65_536
    header_count: Annotated[
        int,
        Meta(description="Header fields of one message; beyond it 431.", ge=8, le=100_000, extra={"unit": "fields"}),
    ] = 100
    body_bytes: BodyBytes = 36_700_160
    pipelined_requests: Annotated[
        int,
        Meta(
            description="Requests of one connection that wait for their turn; no more are read meanwhile.",
            ge=1,
            le=10_000,
            extra={"unit": "requests"},
        ),
    ] = 16
    upstream_connections: UpstreamConnections = 256


class Log(Table, frozen=True, kw_only=True):
    """What is logged, and how."""

    format: Annotated[
        Literal["auto", "json", "text"],
        Meta(description="`json` lines, readable `text`, or `auto`: text on a terminal, JSON elsewhere."),
    ] = "auto"
    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="The least level that the console shows.")
    ] = "info"
    access: Annotated[bool, Meta(description="Whether each request is logged.")] = True
    access_file: Annotated[
        str,
        Meta(
            description="File for the access log.",
            extra={"example": "/var/log/casproxy/access.log", "absent": "Absent: standard output."},
        ),
    ] = ""
    user: Annotated[
        Literal["none", "hash", "plain"],
        Meta(
            description="How the names of users who signed in appear in logs and events: `none` leaves them out, "
            "`hash` writes a hash, the same for the same user, and `plain` the name."
        ),
    ] = "none"


class Errors(Table, frozen=True, kw_only=True):
    """What error pages tell."""

    detail: Annotated[
        Literal["none", "full"],
        Meta(
            description="`none` tells strangers no names, addresses or reasons; `full` tells them all: "
            "for laboratories only."
        ),
    ] = "none"


class Settings(Table, frozen=True, kw_only=True):
    """The whole configuration."""

    config_version: Annotated[Literal[1], Meta(description="Version of this format.", extra={"kind": "version"})] = 1
    server: ServerSettings
    timeouts: Timeouts = Timeouts()
    limits: Limits = Limits()
    log: Log = Log()
    events: Events = Events()
    errors: Errors = Errors()
    trust: Trust = Trust()
    monitor: Monitor = Monitor()
    health: Health = Health()
    directory: Directory = Directory()
    session: Session = Session()
    identity: Identity = Identity()
    sites: Annotated[tuple[Site, ...], Meta(description="The sites, one `[[sites]]` table each.")] = ()
