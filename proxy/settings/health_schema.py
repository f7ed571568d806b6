"""The tables about the sites' servers while the proxy runs: certificates and health; they belong to `schema`."""

from typing import Annotated

from msgspec import Meta

from proxy.settings.terms import MAX_SECONDS, Table

MOST_CHECKS = 100
"""Checks or connections in a row that may be demanded."""

CheckPath = Annotated[
    str,
    Meta(
        description="Path that each server is asked for (GET over TLS, as the trust of the site demands) to see "
        "whether it works. Empty: nobody asks, and only connections that fail take a server down.",
        extra={"example": "/owa/auth/logon.aspx"},
    ),
]
Expect = Annotated[
    tuple[str, ...],
    Meta(
        description="Statuses that the answer to `path` may have, one or a list; each a number or a range.",
        extra={"kind": "one_or_more"},
    ),
]
Interval = Annotated[
    float,
    Meta(
        description="Time between two checks of a server: at least 1s.",
        gt=0,
        le=MAX_SECONDS,
        extra={"kind": "duration"},
    ),
]
CheckTimeout = Annotated[
    float,
    Meta(
        description="How long a check may take, from the connection to the head of the answer. At most `interval`.",
        gt=0,
        le=MAX_SECONDS,
        extra={"kind": "duration"},
    ),
]
Fall = Annotated[
    int,
    Meta(
        description="So many checks in a row must fail before a server is down (event 1047); one will do where nothing "
        "good is known of it yet, as after a start. Only checks bring it up again then.",
        ge=1,
        le=MOST_CHECKS,
        extra={"unit": "checks"},
    ),
]
Rise = Annotated[
    int,
    Meta(
        description="So many checks in a row must pass before a server that is down is up again (event 1048).",
        ge=1,
        le=MOST_CHECKS,
        extra={"unit": "checks"},
    ),
]
Failures = Annotated[
    int,
    Meta(
        description="So many connections in a row must fail before a server is down (event 1047), whether or not "
        "there are checks; the last server of a site that works is given up after 3 at the least. 0: none is.",
        ge=0,
        le=MOST_CHECKS,
        extra={"unit": "connections"},
    ),
]
Hold = Annotated[
    float,
    Meta(
        description="So long a server that failing connections took down is tried after the others; then one "
        "request tries it first. Where no server of the site works, one is tried each second, and the other "
        "requests are answered 503 at once (event 1049).",
        gt=0,
        le=MAX_SECONDS,
        extra={"kind": "duration"},
    ),
]


class Monitor(Table, frozen=True, kw_only=True):
    """The watch over the certificates of the sites' servers, whether or not anybody uses them."""

    interval: Annotated[
        float,
        Meta(
            description="Time between two looks at each server: at least 5s. `0s` looks never, and no event tells "
            "of a certificate that changes or expires.",
            ge=0,
            le=MAX_SECONDS,
            extra={"kind": "duration"},
        ),
    ] = 300.0
    expiry_warning: Annotated[
        int,
        Meta(
            description="How long before a server's certificate expires event 1023 says so.",
            ge=0,
            le=3_650,
            extra={"unit": "days"},
        ),
    ] = 21


class Health(Table, frozen=True, kw_only=True):
    """When a server of a site counts as down, and when as up again."""

    path: CheckPath = ""
    expect: Expect = ("200-399",)
    interval: Interval = 10.0
    timeout: CheckTimeout = 5.0
    fall: Fall = 3
    rise: Rise = 2
    failures: Failures = 1
    hold: Hold = 30.0


class SiteHealth(Table, frozen=True, kw_only=True):
    """The same for this site alone; what is absent is as in `[health]`."""

    path: CheckPath | None = None
    expect: Expect | None = None
    interval: Interval | None = None
    timeout: CheckTimeout | None = None
    fall: Fall | None = None
    rise: Rise | None = None
    failures: Failures | None = None
    hold: Hold | None = None
