"""How a site's servers stand, for commands that explain: the running proxy is asked, without one they are looked at.

The proxy is asked over its admin address for the verdicts it has; nothing of it is changed by that.
"""

import asyncio
from collections.abc import Iterator
from typing import Any, NamedTuple

from proxy.admin.answers import Verdicts
from proxy.cli.admin_client import Admin
from proxy.cli.admin_place import AdminFault, Place, parse_address
from proxy.cli.trust_talk import progress_line, wrapped
from proxy.model.sites import Site
from proxy.service.checkup import Checked, check_all, servers_of
from proxy.service.load import Loaded
from proxy.service.standings import plain_look
from proxy.service.transports import new_loop
from proxy.settings.effective import list_site_trust

TIMEOUT_SECONDS = 2.0
"""For the running proxy: without an answer the servers are looked at, which is as good."""


class Answer(NamedTuple):
    """How the servers stand, and who says so."""

    source: str
    """Whose word it is, for people."""
    servers: list[dict[str, Any]]
    """As the admin API tells them."""


def standing_of(loaded: Loaded, site: Site, command: str) -> Answer:
    """Tell how a site's servers stand; `command` is who looks, for the line that counts."""
    return ask_proxy(loaded, site.name) or _look(loaded, site, command)


def ask_proxy(loaded: Loaded, site: str) -> Answer | None:
    """Ask the running proxy for its last verdicts; None when none answers."""
    address = loaded.settings.server.admin
    place = parse_address(address)
    if place is None:
        return None
    admin = Admin(Place(host=place[0], port=place[1], name=address, token=loaded.admin_token), TIMEOUT_SECONDS)
    try:
        servers = admin.read(admin.get("/api/verdicts"), Verdicts).verdicts
        found = [each for each in servers if each["site"] == site and each["verdict"] is not None]
    except (AdminFault, KeyError):
        return None
    return Answer(f"as the proxy at {address} saw them last", found) if found else None


def policy_of(loaded: Loaded, site: Site) -> Iterator[tuple[str, Any, str]]:
    """List the site's keys of trust: name, value in force, who set it."""
    for entry in list_site_trust(loaded.parsed, site.name):
        yield entry.key.name, entry.value, str(entry.origin)


def plain_policy(loaded: Loaded, site: Site) -> dict[str, dict[str, Any]]:
    """Give the same for JSON."""
    return {key: {"value": value, "origin": origin} for key, value, origin in policy_of(loaded, site)}


def is_trusted(server: dict[str, Any]) -> bool | None:
    """Tell whether a server is trusted; None: it could not be found out."""
    if server["fault"] or server["verdict"] is None:
        return None
    return bool(server["verdict"]["trusted"])


def reasons(verdict: dict[str, Any]) -> Iterator[str]:
    """Lay out why a server is not trusted and what mends it."""
    for number, finding in enumerate(verdict.get("findings", [])):
        yield from wrapped("also" if number else "why", finding["sentence"])
    for cure in dict.fromkeys(finding["cure"] for finding in verdict.get("findings", [])):
        yield from wrapped("fix", cure)


def _look(loaded: Loaded, site: Site, command: str) -> Answer:
    """Look at the site's servers now; a certificate may turn out to be that of any other site's server."""
    known = servers_of(loaded.topology)
    wanted = [each for each in known if each.server.site == site.name]
    with asyncio.Runner(loop_factory=new_loop) as runner:
        found = runner.run(check_all(wanted, progress_line(command), known))
    return Answer(
        f"looked at now (no proxy tells about them at {loaded.settings.server.admin})", [_plain(each) for each in found]
    )


def _plain(checked: Checked) -> dict[str, Any]:
    return plain_look(checked.watched, checked.probe, checked.probe.verdict)
