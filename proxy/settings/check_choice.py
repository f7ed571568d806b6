"""Rules about what leads to a site: hosts and paths while nobody signs in, the user's mailbox with a provider."""

from collections.abc import Callable, Iterator

from proxy.settings.addresses import BadAddress, as_https, is_plain, parse_https_url, parse_internal_url
from proxy.settings.problems import Path, quote
from proxy.settings.report import Report
from proxy.settings.schema import Settings
from proxy.settings.site_schema import Site, SiteServer

NOBODY = "none"
"""The provider with which nobody signs in."""

_CHOICES = ("hosts", "paths", "default")
"""Keys that choose a site while nobody signs in."""
_MAILBOX_KEYS = ("own", "redirect", "legacy_url")
"""Keys that matter to users with a mailbox alone; `external_url` and `compat` are, too, but are refused."""


def _each_alone(settings: Settings, report: Report) -> None:
    """Apply the rules that hold for the provider, site by site."""
    if not report.is_sound(("directory", "provider")):
        return
    provider = settings.directory.provider
    for number, site in enumerate(settings.sites):
        path: Path = ("sites", number)
        _legacy_url(path, site, report)
        if provider == NOBODY:
            for rule in _WITHOUT_PROVIDER:
                rule(path, site, report)
        else:
            _choices(path, site, report, provider)
            _external_url(path, site, report)
            _destination(path, site, report)
            _doubt_plain(path, site, report)


def _some_server(path: Path, site: Site, report: Report) -> None:
    """Demand a server: nothing else can answer."""
    path = (*path, "servers")
    if not site.servers and report.is_sound(path):
        report.refuse(path, "The site has no server.", 'For example: servers = ["https://cas02.branch.example/owa"].')


def _https_servers(path: Path, site: Site, report: Report) -> None:
    """Refuse servers without TLS: while nobody signs in there is no user to tell that the mailbox cannot be reached."""
    for place, server in _plain_servers(path, site, report):
        try:
            parse_internal_url(server.url)
        except BadAddress as fault:
            report.refuse(place, fault.sentence, fault.suggestion)


def _doubt_plain(path: Path, site: Site, report: Report) -> None:
    """Tell of servers without TLS, to which nothing is ever sent."""
    for place, server in _plain_servers(path, site, report):
        report.warn(
            place,
            f"{quote(server.url)} is not https, so nothing is sent to it; where no other server fits, event 42 tells.",
            f"Have the server use TLS and write {quote(as_https(server.url))}.",
        )


def _plain_servers(path: Path, site: Site, report: Report) -> Iterator[tuple[Path, SiteServer]]:
    for number, server in enumerate(site.servers):
        place: Path = (*path, "servers", number, "url")
        if is_plain(server.url) and report.is_sound(place):
            yield place, server


def _reachable(path: Path, site: Site, report: Report) -> None:
    sound = all(report.is_sound((*path, key)) for key in _CHOICES)
    if sound and not (site.hosts or site.paths or site.default):
        report.warn(path, "No request can reach this site.", "Give it hosts, paths or default = true.")


def _no_redirect(path: Path, site: Site, report: Report) -> None:
    """Refuse what would send browsers elsewhere: without a user nobody belongs there."""
    if site.external_url and report.is_sound((*path, "external_url")):
        report.refuse(
            (*path, "external_url"),
            'Nobody is redirected while directory.provider is "none", for only a mailbox tells who belongs there.',
            "Set directory.provider, or leave external_url out.",
        )


def _no_compat(path: Path, site: Site, report: Report) -> None:
    """Refuse a way to speak to servers that begins with telling who signed in."""
    if site.compat and report.is_sound((*path, "compat")):
        report.refuse(
            (*path, "compat"),
            f"{quote(site.compat)} tells the servers who signed in, and nobody signs in while directory.provider is "
            '"none".',
            "Set directory.provider, or leave compat out.",
        )


def _no_mailbox(path: Path, site: Site, report: Report) -> None:
    """Tell of other keys that only matter to users with a mailbox."""
    for key in _MAILBOX_KEYS:
        if getattr(site, key) != getattr(_PLAIN, key) and report.is_sound((*path, key)):
            report.warn(
                (*path, key),
                f'{key} has no meaning while directory.provider is "none": it is about users with a mailbox.',
                f"Set directory.provider, or leave {key} out.",
            )


def _choices(path: Path, site: Site, report: Report, provider: str) -> None:
    """Refuse hosts and paths beside a provider: who writes them expects that they choose, and they would not."""
    for key in _CHOICES:
        if getattr(site, key) and report.is_sound((*path, key)):
            more = " The site that the proxy stands in has own = true." if key == "default" else ""
            report.refuse(
                (*path, key),
                f'{key} has no meaning while directory.provider is "{provider}": the site of the user\'s mailbox is '
                "used, whatever host and path were asked for.",
                f"Leave {key} out.{more}",
            )


def _external_url(path: Path, site: Site, report: Report) -> None:
    path = (*path, "external_url")
    if not site.external_url or not report.is_sound(path):
        return
    try:
        parse_internal_url(site.external_url)
    except BadAddress as fault:
        report.refuse(path, fault.sentence, fault.suggestion)


def _legacy_url(path: Path, site: Site, report: Report) -> None:
    path = (*path, "legacy_url")
    if not site.legacy_url or not report.is_sound(path):
        return
    try:
        parse_https_url(site.legacy_url)
    except BadAddress as fault:
        report.refuse(path, fault.sentence, fault.suggestion)


def _destination(path: Path, site: Site, report: Report) -> None:
    """Tell of sites whose users cannot be served, and of a way to redirect that nobody takes."""
    sound = all(report.is_sound((*path, key)) for key in ("servers", "external_url", "own", "redirect"))
    if not sound:
        return
    if not site.servers and site.own:
        report.warn(
            path,
            "This site is our own and has no server, so its users get an error page and event 80.",
            "Name its servers; external_url does not count, for users of the own site are never sent away.",
        )
    elif not site.servers and not site.external_url:
        report.warn(
            path,
            "This site has neither a server nor an external_url, so its users get an error page and event 81 (or 41).",
            "Name its servers, or the external_url where its users are sent.",
        )
    if site.redirect == "silent" and not site.external_url:
        report.warn((*path, "redirect"), "redirect has no effect without external_url: users of this site are proxied.")


def _some_own(settings: Settings, report: Report) -> None:
    """Tell of users without an own site: some requests belong there whoever asks."""
    sound = report.is_sound(("sites",)) and report.is_sound(("directory", "provider"))
    if sound and settings.directory.provider != NOBODY and not any(site.own for site in settings.sites):
        report.warn(
            ("sites",),
            "No site is our own, so nothing answers Autodiscover.",
            "Set own = true for the site that the proxy stands in.",
        )


def _one_own(settings: Settings, report: Report) -> None:
    """Allow one own site: the proxy stands in one place."""
    first = ""
    for number, site in enumerate(settings.sites):
        if not site.own:
            continue
        if first:
            report.refuse(
                ("sites", number, "own"), f"The site {quote(first)} is already our own; the proxy stands in one."
            )
        first = first or site.name or "before it"


_PLAIN = Site(name="")
_WITHOUT_PROVIDER: tuple[Callable[[Path, Site, Report], None], ...] = (
    _some_server,
    _https_servers,
    _no_redirect,
    _no_compat,
    _no_mailbox,
    _reachable,
)

RULES = (_one_own, _some_own, _each_alone)
"""Every rule about what leads to a site."""
