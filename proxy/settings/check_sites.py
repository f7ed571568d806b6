"""Rules about sites, their names, hosts, paths and servers.

What leads to a site is looked at in `check_choice`, its trust in `check_trust`.
"""

import re
from collections.abc import Callable, Iterator

from proxy.settings.addresses import HTTPS_PORT, BadAddress, as_https, check_host, parse_address, parse_internal_url
from proxy.settings.problems import Path, hide_user, quote
from proxy.settings.report import Report
from proxy.settings.schema import Settings
from proxy.settings.site_schema import Site, SiteServer

Rule = Callable[[Settings, Report], None]
"""Looks at the settings and tells the report; keys that are not sound are left alone."""

_MAX_NAME = 63
_PATH = re.compile(r"(?:/[A-Za-z0-9!$&'()*+,:@=._~-]+)+/?", re.ASCII)
_SITE_RULES: tuple[Callable[[Path, Site, Report], None], ...]


def _some_site(settings: Settings, report: Report) -> None:
    if not settings.sites and report.is_sound(("sites",)):
        report.refuse((), "There is no site, so there is nothing to proxy to.", "Add a [[sites]] table.")


def _names(settings: Settings, report: Report) -> None:
    """Names are unique whatever the case, and can be written in a key path and a log line."""
    seen: dict[str, str] = {}
    for place, site in _each_site(settings):
        path = (*place, "name")
        if not report.is_sound(path):
            continue
        if not _is_site_name(site.name):
            report.refuse(
                path,
                f"{quote(site.name)} is not a site name: letters, digits, spaces, hyphens, at most {_MAX_NAME}.",
                'For example: name = "Branch".',
            )
        elif site.name.casefold() in seen:
            report.refuse(path, f"There is already a site {quote(seen[site.name.casefold()])}; case does not count.")
        seen.setdefault(site.name.casefold(), site.name)


def _is_site_name(name: str) -> bool:
    return (
        0 < len(name) <= _MAX_NAME
        and name[0].isalnum()
        and name[-1] != " "
        and all(each.isalnum() or each in " -_" for each in name)
    )


def _hosts(settings: Settings, report: Report) -> None:
    """Take only bare host names on the browser's side, each for one site."""
    seen: dict[str, str] = {}
    for path, site in _each_site(settings):
        if not report.is_sound((*path, "hosts")):
            continue
        for number, text in enumerate(site.hosts):
            place = (*path, "hosts", number)
            try:
                host = check_host(text).removesuffix(".")
            except BadAddress:
                report.refuse(place, f"{quote(hide_user(text))} is not a bare host name.", _guess_host(text))
                continue
            if host in seen:
                report.refuse(place, f"{quote(text)} already belongs to the site {quote(seen[host])}.")
            seen.setdefault(host, site.name)


def _guess_host(text: str) -> str:
    bare = text.partition("://")[2] or text
    bare = bare.split("/", maxsplit=1)[0].rpartition("@")[2]
    if "*" in bare:
        return "There are no wildcards: list each name, or set default = true for all that nobody claims."
    if bare.count(":") == 1:
        bare = bare.split(":", maxsplit=1)[0]
    try:
        return f"Write {quote(check_host(bare))}." if bare != text else ""
    except BadAddress:
        return ""


def _paths(settings: Settings, report: Report) -> None:
    """Take only path prefixes that can be compared byte for byte, each for one site."""
    seen: dict[str, str] = {}
    for path, site in _each_site(settings):
        if not report.is_sound((*path, "paths")):
            continue
        for number, text in enumerate(site.paths):
            place = (*path, "paths", number)
            if text == "/":
                report.refuse(place, '"/" would take every request.', "Set default = true instead.")
            elif _check_prefix(text, place, report):
                prefix = text.lower().rstrip("/")
                if prefix in seen:
                    report.refuse(place, f"{quote(text)} already belongs to the site {quote(seen[prefix])}.")
                seen.setdefault(prefix, site.name)


def _check_prefix(text: str, place: Path, report: Report) -> bool:
    """Refuse what could be spelled in more than one way: escapes, dot segments, empty segments, parameters."""
    if _PATH.fullmatch(text) and not {".", ".."} & set(text.split("/")):
        return True
    guess = f"Write {quote('/' + text)}." if _PATH.fullmatch("/" + text) else 'For example: "/branch".'
    report.refuse(place, f"{quote(text)} is not a plain path prefix: no escapes, no dots alone, no query.", guess)
    return False


def _one_default(settings: Settings, report: Report) -> None:
    first = ""
    for path, site in _each_site(settings):
        if not site.default:
            continue
        if first:
            report.refuse((*path, "default"), f"The site {quote(first)} is already the default; there can be one.")
        first = first or site.name or "before it"


def _each_alone(settings: Settings, report: Report) -> None:
    """Apply the rules that look at one site at a time."""
    for path, site in _each_site(settings):
        for rule in _SITE_RULES:
            rule(path, site, report)


def _servers(path: Path, site: Site, report: Report) -> None:
    """Take servers, each once, each with a usable URL."""
    path = (*path, "servers")
    seen: set[str] = set()
    for number, server in enumerate(site.servers):
        if not report.is_sound((*path, number)):
            continue
        _server((*path, number), server, report)
        folded = server.url.lower().rstrip("/")
        if folded in seen:
            report.refuse((*path, number, "url"), f"{quote(server.url)} stands twice in this site.")
        seen.add(folded)


def _server(path: Path, server: SiteServer, report: Report) -> None:
    port = HTTPS_PORT
    try:
        port = parse_internal_url(as_https(server.url)).port
    except BadAddress as fault:
        report.refuse((*path, "url"), fault.sentence, fault.suggestion)
    try:
        if server.connect_to and parse_address(server.connect_to, port).port == 0:
            report.refuse((*path, "connect_to"), f"{quote(server.connect_to)} has port 0, which cannot be dialled.")
    except BadAddress as fault:
        report.refuse((*path, "connect_to"), fault.sentence, fault.suggestion)
    try:
        if server.tls_name:
            check_host(server.tls_name)
    except BadAddress as fault:
        report.refuse((*path, "tls_name"), fault.sentence, fault.suggestion)


def _routes(path: Path, site: Site, report: Report) -> None:
    """Take the name of a route's table as a path prefix, once whatever the case."""
    seen: set[str] = set()
    for prefix in site.routes:
        place = (*path, "routes", prefix)
        if not _check_prefix(prefix, place, report):
            continue
        folded = prefix.lower().rstrip("/")
        if folded in seen:
            report.refuse(place, f"{quote(prefix)} stands twice; case and a slash at the end do not count.")
        seen.add(folded)


def _each_site(settings: Settings) -> Iterator[tuple[Path, Site]]:
    return ((("sites", number), site) for number, site in enumerate(settings.sites))


_SITE_RULES = (_servers, _routes)

RULES: tuple[Rule, ...] = (_some_site, _names, _hosts, _paths, _one_default, _each_alone)
