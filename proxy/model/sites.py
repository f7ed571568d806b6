"""Sites, their servers and their trust policy as resolved values; where the values come from is left to `settings`."""

from dataclasses import dataclass, field
from enum import Enum

from proxy.model.health import HealthRules
from proxy.model.limits import Limits, Timeouts

OLD_TLS_VERSIONS = frozenset({"1.0", "1.1"})
"""Versions for which OpenSSL's demands on keys and signatures are dropped, values of `min_tls_version`."""


class CaMode(Enum):
    """What `ca_files` does to the default trust anchors."""

    ADD = "add"
    """certifi's anchors and the files'."""
    ONLY = "only"
    """The files' anchors alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustPolicy:
    """What is demanded of a backend's certificate."""

    allow_untrusted: bool = True
    """The switch `AllowInternalUntrustedCerts`: True is 1 (Exchange 2010's default), False is 0."""
    ca_files: tuple[str, ...] = ()
    """PEM files of further trust anchors."""
    ca_mode: CaMode = CaMode.ADD
    """Whether `ca_files` join certifi's anchors or replace them."""
    check_chain: bool = True
    """Whether the chain must lead to a trust anchor (`verify` holds "chain"); without it `pins` must be set."""
    check_name: bool = True
    """Whether the certificate must bear the server's name (`verify` holds "name")."""
    check_expiry: bool = True
    """Whether the dates of the chain count (`verify` holds "expiry")."""
    pins: tuple[str, ...] = ()
    """SHA-256 of public keys (subject public key info) in base64; the server's must be among them. Empty: any."""
    crl_files: tuple[str, ...] = ()
    """PEM files of revocation lists; with one, every certificate of the chain needs a current list of its issuer."""
    partial_chain: bool = False
    """Whether any certificate of `ca_files` ends a chain; else only one that signed itself does."""
    strict_rfc5280: bool = False
    """Whether OpenSSL's strict checks of RFC 5280 apply (`X509_V_FLAG_X509_STRICT`)."""
    min_tls_version: str = "1.2"
    """Lowest TLS version: 1.0, 1.1, 1.2 or 1.3. Below 1.2 OpenSSL's security level is 0: weak keys pass as well."""
    client_cert: str = ""
    """PEM file of the certificate we show when the server asks for one; empty: none."""
    client_key: str = ""
    """PEM file of its key; empty: in the certificate's file."""
    source: str = "default"
    """Where the switch's value comes from, `sites.Branch.trust` for instance."""
    generation: int = 0
    """Grows whenever a reload changes the policy; connections of another generation are not reused."""

    @property
    def name(self) -> str:
        """The policy in one word: `allow` (1) or `enforce` (0)."""
        return "allow" if self.allow_untrusted else "enforce"


def in_brackets(host: str) -> str:
    """Write a host as it stands before a port: IPv6 addresses in brackets (RFC 3986 §3.2.2)."""
    return f"[{host}]" if ":" in host else host


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One Client Access server of a site: the second server of event 43."""

    site: str
    """Name of its site."""
    url: str
    """InternalURL, `https://cas02.branch.example/owa`."""
    host: str
    """Host of the URL, lower case; IPv6 addresses without brackets."""
    port: int
    """Port of the URL; 443 when it has none."""
    connect_host: str
    """Name or address that is dialled; `host` unless `connect_to` says otherwise."""
    connect_port: int
    """Port that is dialled."""
    tls_name: str
    """Name sent as SNI and verified; `host` unless set."""

    @property
    def is_plain(self) -> bool:
        """Whether its InternalURL is http: nothing is ever sent to it (event 42)."""
        return self.url[:7].lower() == "http://"

    @property
    def authority(self) -> str:
        """Host and port as `Host` spells them: without the port when it is 443, IPv6 in brackets."""
        host = in_brackets(self.host)
        return host if self.port == 443 else f"{host}:{self.port}"  # noqa: PLR2004 - https's port

    @property
    def dialled(self) -> str:
        """Where a connection is opened, with the port, IPv6 in brackets."""
        return f"{in_brackets(self.connect_host)}:{self.connect_port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PathLimits:
    """A route of a site: a path prefix with limits of its own."""

    prefix: str
    """Path prefix, lower case, compared at segment ends."""
    timeouts: Timeouts
    """In force under the prefix."""
    limits: Limits
    """In force under the prefix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The unit mailboxes live in."""

    name: str
    """Unique, case kept."""
    servers: tuple[Server, ...]
    """In the order they are tried."""
    policy: TrustPolicy = field(default_factory=TrustPolicy)
    """Trust demanded of its servers."""
    external_url: str = ""
    """Where browsers are sent instead of being proxied; empty: proxy."""
    hosts: tuple[str, ...] = ()
    """Browser-side host names, lower case, without port, that choose this site."""
    paths: tuple[str, ...] = ()
    """Path prefixes, lower case, that choose this site on any host; compared at segment ends."""
    redirect: str = "manual"
    """How browsers are sent to `external_url`: by a page (`manual`) or at once (`silent`)."""
    own: bool = False
    """Whether it is the site this proxy stands in: its mailboxes are served here, never redirected."""
    delegate: str = "none"
    """Whether servers get the user's own credentials: `none`, or `basic` for name and password in `Authorization`."""
    compat: str = ""
    """How servers are spoken to: `exchange2010` as to second servers of that product; empty: in plain HTTP."""
    legacy_url: str = ""
    """Where users of mailboxes on Exchange 2003 and 2007 are sent; empty: nowhere."""
    preserve_host: bool = False
    """Send the browser's `Host` on instead of the server's."""
    default: bool = False
    """Takes the names nobody claims."""
    timeouts: Timeouts = field(default_factory=Timeouts)
    """In force for the site."""
    limits: Limits = field(default_factory=Limits)
    """In force for the site."""
    routes: tuple[PathLimits, ...] = ()
    """Prefixes with limits of their own, longest first."""
    health: HealthRules = field(default_factory=HealthRules)
    """When its servers count as down."""
    balance: str = "ring"
    """Where what is not at a server yet begins: `ring` at the first, `round_robin` in turn, or `least_connections`."""
    affinity: str = "session"
    """What stays at its server: the user's `session`, a `client`'s address, or `none`."""

    @property
    def reachable(self) -> tuple[Server, ...]:
        """The servers that requests may be sent to, in the order they are tried."""
        return tuple(server for server in self.servers if not server.is_plain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """Everything requests can be sent to; only this table chooses an address."""

    first_server: str
    """Our own name: the first server of event 43, the pseudonym in `Via`, the name in `Proxy-Status`."""
    sites: tuple[Site, ...]
    """In the order of the configuration."""
