"""Rules about the health of servers and how requests are spread over them.

A mistake in `[health]` is told there once, and for a site only where the site's own keys take part in it.
"""

import re
from collections.abc import Callable, Iterator

from proxy.settings.health_schema import Health, SiteHealth
from proxy.settings.problems import Path, quote
from proxy.settings.report import Report
from proxy.settings.schema import Settings
from proxy.settings.statuses import BadStatuses, read_statuses
from proxy.settings.values import spell_seconds

Rule = Callable[[Settings, Report], None]
"""Looks at the settings and tells the report; keys that are not sound are left alone."""

LEAST_CHECK_INTERVAL = 1.0
"""Seconds between two checks of a server, at the least."""

_TARGET = re.compile(r"/[!\"$-~]*", re.ASCII)
"""Visible ASCII but for the number sign, which begins what is never sent (RFC 9110 §4.2.5)."""


def _paths(settings: Settings, report: Report) -> None:
    """Take what can stand in a request line as it is; a query may follow."""
    for path, table in _tables(settings):
        text = table.path
        if not text or not report.is_sound((*path, "path")):
            continue
        if not _TARGET.fullmatch(text):
            guess = f"Write {quote('/' + text)}." if _TARGET.fullmatch("/" + text) else 'For example: "/owa/".'
            report.refuse((*path, "path"), f"{quote(text)} is not the path of a request.", guess)


def _statuses(settings: Settings, report: Report) -> None:
    for path, table in _tables(settings):
        where = (*path, "expect")
        if table.expect is None or not report.is_sound(where):
            continue
        if not table.expect:
            report.refuse(where, "With an empty expect no check could pass.", 'Write "200-399", or leave the key out.')
        for number, text in enumerate(table.expect):
            try:
                read_statuses(text)
            except BadStatuses as fault:
                place = (*where, number) if len(table.expect) > 1 else where
                report.refuse(place, f"{quote(text)} {fault}", 'For example: "200-399", or ["200", "401"].')


def _times(settings: Settings, report: Report) -> None:
    """Let a check be over before the next one is due."""
    above = settings.health
    for path, table in _tables(settings):
        if not report.is_sound(path) or not report.is_sound(("health",)):
            continue
        default = Health() if isinstance(table, Health) else SiteHealth()
        own = next((key for key in ("interval", "timeout") if getattr(table, key) != getattr(default, key)), "")
        if not own:
            continue
        interval = above.interval if table.interval is None else table.interval
        timeout = above.timeout if table.timeout is None else table.timeout
        if table.interval is not None and interval < LEAST_CHECK_INTERVAL:
            report.refuse(
                (*path, "interval"),
                f"{quote(spell_seconds(interval))} is too short a time between two checks of a server.",
                f'Write "{spell_seconds(LEAST_CHECK_INTERVAL)}" or more.',
            )
        elif timeout > interval:
            report.refuse(
                (*path, own),
                f"A check may take {spell_seconds(timeout)}, and the next one is due after {spell_seconds(interval)}.",
                "Let timeout be at most interval.",
            )


def _spreading(settings: Settings, report: Report) -> None:
    """Clients stay where their address leads them, which is a way of spreading them by itself."""
    for number, site in enumerate(settings.sites):
        path = ("sites", number, "affinity")
        if site.affinity == "client" and site.balance != "round_robin" and report.is_sound(path):
            report.refuse(
                path,
                f'affinity "client" spreads clients by their address, and balance is {quote(site.balance)}.',
                'Write balance = "round_robin", or another affinity.',
            )


def _tables(settings: Settings) -> Iterator[tuple[Path, Health | SiteHealth]]:
    yield ("health",), settings.health
    for number, site in enumerate(settings.sites):
        yield ("sites", number, "health"), site.health


RULES: tuple[Rule, ...] = (_paths, _statuses, _times, _spreading)
