"""Rules that concern more than one key, or texts with a form of their own; what files show is left to `service`.

Each rule is a row of `RULES` here (the proxy itself), in `check_sites` (the sites), in `check_choice` (what leads to
them), in `check_signin` and `check_directory` (who signs in), in `check_trust` or in `doubts` (the sites' trust), in
`check_health` (whether their servers work), or in `check_events` (where events go).
"""

import ipaddress
import re
from collections.abc import Callable, Iterator

from proxy.settings import (
    check_choice,
    check_directory,
    check_events,
    check_health,
    check_signin,
    check_sites,
    check_trust,
    doubts,
)
from proxy.settings.addresses import Address, BadAddress, parse_address
from proxy.settings.problems import Path, quote
from proxy.settings.report import Report
from proxy.settings.schema import Settings
from proxy.settings.values import spell_seconds

Rule = Callable[[Settings, Report], None]
"""Looks at the settings and tells the report; keys that are not sound are left alone."""

LEAST_INTERVAL = 5.0
"""Seconds between two looks at a server's certificate, at the least."""

MOST_WORKERS = 256
"""More would not help on any machine, and is a slip of the keyboard."""

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", re.ASCII)


def check_settings(settings: Settings, report: Report) -> None:
    """Hold the settings against every rule."""
    others = (
        check_sites,
        check_choice,
        check_signin,
        check_directory,
        check_events,
        check_trust,
        check_health,
        doubts,
    )
    for rule in (*RULES, *(rule for module in others for rule in module.RULES)):
        rule(settings, report)


def _name(settings: Settings, report: Report) -> None:
    """Our name stands in `Via` and `Proxy-Status`, so it must be a token."""
    path = ("server", "name")
    if settings.server.name and report.is_sound(path) and not _NAME.fullmatch(settings.server.name):
        report.refuse(
            path,
            f"{quote(settings.server.name)} is not a server name: letters, digits, hyphens, dots, at most 63.",
            'For example: name = "CAS01".',
        )


def _listeners(settings: Settings, report: Report) -> None:
    """Addresses can be read, HTTPS has one, and no two claim the same port."""
    if not settings.server.listen and report.is_sound(("server", "listen")):
        report.refuse(("server", "listen"), "There is no address to listen on.", 'Write "0.0.0.0:8443".')
    taken: list[tuple[Address, str]] = []
    for path, text in _addresses(settings, report):
        try:
            address = parse_address(text)
        except BadAddress as fault:
            report.refuse(path, fault.sentence, fault.suggestion)
            continue
        other = next((name for each, name in taken if address.overlaps(each)), None)
        if other is not None:
            report.refuse(path, f"{quote(text)} claims the same port as {other}.", "Give each a port of its own.")
        taken.append((address, f"server.{path[1]} {quote(text)}"))


def _addresses(settings: Settings, report: Report) -> Iterator[tuple[Path, str]]:
    server = settings.server
    for name, texts in (("listen", server.listen), ("redirect_listen", server.redirect_listen)):
        if report.is_sound(("server", name)):
            many = len(texts) > 1
            yield from ((("server", name, at) if many else ("server", name), text) for at, text in enumerate(texts))
    if report.is_sound(("server", "admin")):
        yield ("server", "admin"), server.admin


def _admin_token(settings: Settings, report: Report) -> None:
    """Strangers reach the admin API only with a token, which is told once."""
    server = settings.server
    token, file = ("server", "admin_token"), ("server", "admin_token_file")
    if server.admin_token and server.admin_token_file:
        report.refuse(file, "admin_token and admin_token_file are both set.", "Keep admin_token_file alone.")
    if not all(map(report.is_sound, (("server", "admin"), token, file))):
        return
    try:
        address = parse_address(server.admin)
    except BadAddress:
        return  # told by the rule about listeners
    if not (address.is_loopback or server.admin_token or server.admin_token_file):
        report.refuse(
            ("server", "admin"),
            f"{quote(server.admin)} can be reached from other machines, so the admin API needs a token.",
            "Set server.admin_token_file, or listen on 127.0.0.1.",
        )


def _certificates(settings: Settings, report: Report) -> None:
    """Every certificate names a file, and no file stands twice."""
    path: Path = ("server", "certificate")
    seen = {settings.server.certificate: "server.certificate"}
    if not settings.server.certificate and report.is_sound(path):
        report.refuse(path, "The name of the file is empty.")
    for number, each in enumerate(settings.server.certificates):
        path = ("server", "certificates", number, "certificate")
        if not report.is_sound(path):
            continue
        if not each.certificate:
            report.refuse(path, "The name of the file is empty.")
        elif each.certificate in seen:
            report.refuse(path, f"{quote(each.certificate)} is already {seen[each.certificate]}.")
        seen.setdefault(each.certificate, f"server.certificates[{number}].certificate")


def _workers(settings: Settings, report: Report) -> None:
    path, workers = ("server", "workers"), settings.server.workers
    if isinstance(workers, int) and not 1 <= workers <= MOST_WORKERS and report.is_sound(path):
        report.refuse(path, f"{workers} is not from 1 to {MOST_WORKERS}.", 'Write "auto" for one for each processor.')


def _trusted_proxies(settings: Settings, report: Report) -> None:
    """Each is a network whose host bits are zero, so that nobody trusts more than is written."""
    if not report.is_sound(("server", "trusted_proxies")):
        return
    for number, text in enumerate(settings.server.trusted_proxies):
        path = ("server", "trusted_proxies", number)
        try:
            loose = ipaddress.ip_network(text, strict=False)
        except ValueError:
            report.refuse(path, f"{quote(text)} is not a network.", 'For example: "10.0.0.0/8" or "192.0.2.7".')
            continue
        if "/" in text and ipaddress.ip_address(text.split("/", maxsplit=1)[0]) != loose.network_address:
            report.refuse(path, f"{quote(text)} has bits set beyond its prefix.", f'Write "{loose}".')


def _provider(settings: Settings, report: Report) -> None:
    path = ("events", "provider")
    if not settings.events.provider.strip() and report.is_sound(path):
        report.refuse(path, "The provider's name is empty.", 'Write "MSExchange OWA", or leave the key out.')


def _state_dir(settings: Settings, report: Report) -> None:
    path = ("server", "state_dir")
    if not settings.server.state_dir and report.is_sound(path):
        report.refuse(path, "The name of the directory is empty.", 'Write "/var/lib/casproxy", or leave the key out.')


def _monitor(settings: Settings, report: Report) -> None:
    """Demand a distance between looks that a server does not feel."""
    path = ("monitor", "interval")
    if 0 < settings.monitor.interval < LEAST_INTERVAL and report.is_sound(path):
        report.refuse(
            path,
            f"{quote(spell_seconds(settings.monitor.interval))} is too short a time between two looks at a server.",
            f'Write "{spell_seconds(LEAST_INTERVAL)}" or more, or "0s" to look never.',
        )


RULES: tuple[Rule, ...] = (
    _name,
    _listeners,
    _admin_token,
    _state_dir,
    _certificates,
    _workers,
    _trusted_proxies,
    _provider,
    _monitor,
)
