"""The tables of a site, as structs; they belong to `schema`, which says how keys are described."""

from typing import Annotated

from msgspec import Meta, field

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
            description="ExternalURL. This version proxies only and takes no other value than the empty one.",
            extra={"historic": "ExternalURL"},
        ),
    ] = ""
    hosts: Annotated[
        tuple[str, ...],
        Meta(
            description="Host names in the browser's address bar that choose this site; no port, no wildcard.",
            extra={"example": ["branch.mail.example"]},
        ),
    ] = ()
    paths: Annotated[
        tuple[str, ...],
        Meta(
            description="Path prefixes that choose this site on any host; compared at segment ends, whatever the "
            "case; the longest wins, and paths win over hosts.",
            extra={"example": ["/branch"]},
        ),
    ] = ()
    preserve_host: Annotated[
        bool, Meta(description="Send the browser's `Host` to the servers instead of their own.")
    ] = False
    default: Annotated[
        bool, Meta(description="Takes the host names nobody claims; without such a site they are answered 421.")
    ] = False
    trust: SiteTrust = SiteTrust()
    timeouts: SiteTimeouts = SiteTimeouts()
    limits: SiteLimits = SiteLimits()
    routes: Annotated[
        dict[str, Route],
        Meta(description="Path prefixes with times and sizes of their own, one table per prefix."),
    ] = field(default_factory=dict)
