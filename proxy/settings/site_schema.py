"""The tables of a site, as structs; they belong to `schema`, which says how keys are described."""

from typing import Annotated, Literal

from msgspec import Meta, field

from proxy.settings.health_schema import SiteHealth
from proxy.settings.terms import (
    BodyBytes,
    BodyProgress,
    Connect,
    PoolKeepAlive,
    ResponseHead,
    Table,
    TunnelIdle,
    UpstreamConnections,
    UpstreamTlsHandshake,
)
from proxy.settings.trust_schema import SiteTrust


class SiteTimeouts(Table, frozen=True, kw_only=True):
    """Times for this site alone; what is absent is as in `[timeouts]`."""

    keep_alive: PoolKeepAlive | None = None
    body_progress: BodyProgress | None = None
    connect: Connect | None = None
    upstream_tls_handshake: UpstreamTlsHandshake | None = None
    response_head: ResponseHead | None = None
    tunnel_idle: TunnelIdle | None = None


class SiteLimits(Table, frozen=True, kw_only=True):
    """Sizes for this site alone; what is absent is as in `[limits]`."""

    body_bytes: BodyBytes | None = None
    upstream_connections: UpstreamConnections | None = None


class RouteTimeouts(Table, frozen=True, kw_only=True):
    """Times for this path alone; what is absent is as for the site."""

    body_progress: BodyProgress | None = None
    response_head: ResponseHead | None = None
    tunnel_idle: TunnelIdle | None = None


class RouteLimits(Table, frozen=True, kw_only=True):
    """Sizes for this path alone; what is absent is as for the site."""

    body_bytes: BodyBytes | None = None


class Route(Table, frozen=True, kw_only=True):
    """One path of a site with times and sizes of its own; the table's name is the path prefix, `"/owa/ev.owa"`."""

    timeouts: RouteTimeouts = RouteTimeouts()
    limits: RouteLimits = RouteLimits()


class SiteServer(Table, frozen=True, kw_only=True):
    """One Client Access server of a site; a plain string stands for a table with only `url`."""

    url: Annotated[
        str,
        Meta(
            description="InternalURL: `https://`, host, optional port, path `/owa` or none.",
            extra={"historic": "InternalURL", "example": "https://cas02.branch.example/owa"},
        ),
    ]
    connect_to: Annotated[
        str,
        Meta(
            description="Where to dial instead of the URL's host: `host`, `host:port`, `[IPv6]:port`.",
            extra={"example": "192.0.2.12:443", "absent": "Absent: host and port of the URL."},
        ),
    ] = ""
    tls_name: Annotated[
        str,
        Meta(
            description="Name that is sent as SNI and that the certificate must carry.",
            extra={"example": "cas02.branch.example", "absent": "Absent: the URL's host."},
        ),
    ] = ""


class Site(Table, frozen=True, kw_only=True):
    """One Active Directory site; the table is repeated for each."""

    name: Annotated[str, Meta(description="The site's name, unique whatever the case.", extra={"example": "Branch"})]
    servers: Annotated[
        tuple[SiteServer, ...],
        Meta(
            description="Client Access servers in the order they are tried: InternalURLs, or tables "
            "`{ url, connect_to, tls_name }`.",
            extra={"short": "url", "historic": "InternalURL"},
        ),
    ] = ()
    external_url: Annotated[
        str,
        Meta(
            description="ExternalURL, `https://`, host, optional port, path `/owa` or none: browsers whose user's "
            "mailbox is in this site are sent there. Empty: they are proxied. Users of the site with `own` are never "
            "sent away, and programs are proxied where they cannot follow. Needs `directory.provider`.",
            extra={"historic": "ExternalURL"},
        ),
    ] = ""
    redirect: Annotated[
        Literal["manual", "silent"],
        Meta(
            description="How browsers are sent to `external_url`: `manual` shows a page with the link and ends the "
            "sign-in, `silent` redirects at once (302). Needs `directory.provider`.",
            extra={"historic": "CrossSiteRedirectType"},
        ),
    ] = "manual"
    own: Annotated[
        bool,
        Meta(
            description="Whether this is the site that the proxy stands in: its users are served here, never sent to "
            "an `external_url`. One site at most. Needs `directory.provider`."
        ),
    ] = False
    legacy_url: Annotated[
        str,
        Meta(
            description="https URL where users of this site are sent whose mailbox is on Exchange 2003 or 2007. "
            "Needs `directory.provider`.",
            extra={"example": "https://legacy.branch.example/owa", "absent": "Absent: they get an error page."},
        ),
    ] = ""
    hosts: Annotated[
        tuple[str, ...],
        Meta(
            description="Host names in the browser's address bar that choose this site; no port, no wildcard. "
            'Only while `directory.provider` is "none".',
            extra={"example": ["branch.mail.example"]},
        ),
    ] = ()
    paths: Annotated[
        tuple[str, ...],
        Meta(
            description="Path prefixes that choose this site on any host; compared at segment ends, whatever the "
            'case; the longest wins, and paths win over hosts. Only while `directory.provider` is "none".',
            extra={"example": ["/branch"]},
        ),
    ] = ()
    delegate: Annotated[
        Literal["none", "basic"],
        Meta(
            description="Whether the site's servers get the password, too: `basic` sends `Authorization: Basic` with "
            "the name and password of the sign-in, over verified connections only. The password is kept in the memory "
            "of this process until the session ends; after a restart users sign in anew."
        ),
    ] = "none"
    compat: Annotated[
        Literal["", "exchange2010"],
        Meta(
            description="Whether the site's servers are Client Access servers of Exchange 2010 that want to be spoken "
            "to by one of their own: `exchange2010` asks each for its version first (`ping.owa`), tells it who signed "
            "in (`proxyLogon.owa`), adds the `X-OWA-Proxy…` headers to each request, and keeps back the browser's "
            "`Range`, `If-…` and `Accept-Encoding`. Empty: they get each request as it is. Needs `directory.provider`."
        ),
    ] = ""
    preserve_host: Annotated[
        bool, Meta(description="Send the browser's `Host` to the servers instead of their own.")
    ] = False
    default: Annotated[
        bool,
        Meta(
            description="Takes the host names nobody claims; without such a site they are answered 421. "
            'Only while `directory.provider` is "none".'
        ),
    ] = False
    balance: Annotated[
        Literal["ring", "round_robin", "least_connections"],
        Meta(
            description="Which server of the site takes what is not at a server yet: `ring`: the first that works, "
            "the others are in reserve; `round_robin`: all in turn (sessions by their id, the same in every worker); "
            "`least_connections`: the one with the fewest connections in use, as this worker sees it."
        ),
    ] = "ring"
    affinity: Annotated[
        Literal["session", "client", "none"],
        Meta(
            description="What stays at its server while that works: `session`: the session of who signed in (where "
            "nobody signs in, nothing does); `client`: all requests of an address, only with `round_robin`; `none`: "
            "nothing, each request is placed anew."
        ),
    ] = "session"
    trust: SiteTrust = SiteTrust()
    health: SiteHealth = SiteHealth()
    timeouts: SiteTimeouts = SiteTimeouts()
    limits: SiteLimits = SiteLimits()
    routes: Annotated[
        dict[str, Route],
        Meta(description="Path prefixes with times and sizes of their own, one table per prefix."),
    ] = field(default_factory=dict)
