"""`casproxy explain site NAME`: a site's trust policy, who set each part of it, and how its servers stand.

The last verdicts are those of the running proxy, asked over its admin address; without one the servers are looked at.
"""

import argparse
import asyncio
import difflib
import http.client
import json
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

from proxy.cli.healthcheck import TIMEOUT_SECONDS, parse_address
from proxy.cli.named_settings import NoSettings, add_config, load_named
from proxy.cli.trust_talk import exit_code, mark, progress_line, wrapped
from proxy.model.clean import clean_text
from proxy.model.sites import Site
from proxy.service.checkup import Checked, check_all, servers_of
from proxy.service.load import Loaded
from proxy.service.standings import plain_look
from proxy.service.transports import new_loop
from proxy.settings.effective import list_site_trust, spell_toml

NAME = "site"
HELP = "explain a site's trust policy and how its servers stand"

USAGE = 2
MAX_ANSWER = 16 * 1024 * 1024
"""Bytes of an answer of the admin API; a verdict has some kilobytes."""


class Answer(NamedTuple):
    """How the servers stand, and who says so."""

    source: str
    """Whose word it is, for people."""
    servers: list[dict[str, Any]]
    """As the admin API tells them."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the site, the settings and the form of the answer."""
    parser.add_argument("name", metavar="NAME", help="the site, whatever the case")
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def run(arguments: argparse.Namespace) -> int:
    """Explain; 0 all its servers trusted, 1 one is not, 2 no such site, 3 one could not be looked at."""
    try:
        loaded = load_named(arguments, "explain site")
    except NoSettings as stop:
        return stop.code
    site = find_site(loaded, arguments.name)
    if site is None:
        return USAGE
    answer = ask_proxy(loaded, site.name) or _look(loaded, site)
    if arguments.json:
        policy = {key: {"value": value, "origin": origin} for key, value, origin in policy_of(loaded, site)}
        print(json.dumps({"site": site.name, "policy": policy, **answer._asdict()}, indent=2, ensure_ascii=False))
    else:
        print("\n".join(to_text(loaded, site, answer)))
    return exit_code(_is_trusted(each) for each in answer.servers)


def find_site(loaded: Loaded, name: str) -> Site | None:
    """Find the site; None, after telling which there are, when there is none of that name."""
    names = {site.name.casefold(): site for site in loaded.topology.sites}
    site = names.get(name.casefold())
    if site is None:
        near = difflib.get_close_matches(name.casefold(), names, n=1)
        guess = f" Did you mean {names[near[0]].name}?" if near else ""
        known = ", ".join(each.name for each in names.values())
        print(f"casproxy explain site: there is no site {name!r}.{guess} There are: {known}.", file=sys.stderr)
    return site


def policy_of(loaded: Loaded, site: Site) -> Iterator[tuple[str, Any, str]]:
    """List the site's keys of trust: name, value in force, who set it."""
    for entry in list_site_trust(loaded.parsed, site.name):
        yield entry.key.name, entry.value, str(entry.origin)


def to_text(loaded: Loaded, site: Site, answer: Answer) -> Iterator[str]:
    """Lay it out for people."""
    yield f"Site {site.name}: policy {site.policy.name}, because {site.policy.source} says so."
    for key, value, origin in policy_of(loaded, site):
        yield f"  {key} = {spell_toml(value)}  # {origin}"
    yield f"Servers, {answer.source}:"
    for each in answer.servers:
        verdict, fault = each["verdict"], each["fault"]
        word = "not looked at yet" if verdict is None else "trusted" if verdict["trusted"] else verdict["reason"]
        yield f"{mark(_is_trusted(each))} {clean_text(each['server'])}  {word if not fault else clean_text(fault)}"
        yield from _reasons(verdict or {})


def ask_proxy(loaded: Loaded, site: str) -> Answer | None:
    """Ask the running proxy for its last verdicts; None when none answers."""
    address = loaded.settings.server.admin
    place = parse_address(address)
    if place is None:
        return None
    headers = {"Accept": "application/json", "Connection": "close"}
    if loaded.admin_token:
        headers["Authorization"] = f"Bearer {loaded.admin_token}"
    connection = http.client.HTTPConnection(*place, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/api/verdicts", headers=headers)
        response = connection.getresponse()
        servers = json.loads(response.read(MAX_ANSWER))["verdicts"] if response.status == http.HTTPStatus.OK else []
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return None
    finally:
        connection.close()
    found = [each for each in servers if each["site"] == site and each["verdict"] is not None]
    return Answer(f"as the proxy at {address} saw them last", found) if found else None


def _look(loaded: Loaded, site: Site) -> Answer:
    """Look at the site's servers now."""
    wanted = [each for each in servers_of(loaded.topology) if each.server.site == site.name]
    with asyncio.Runner(loop_factory=new_loop) as runner:
        found = runner.run(check_all(wanted, progress_line("explain site")))
    return Answer(
        f"looked at now (no proxy tells about them at {loaded.settings.server.admin})", [_plain(each) for each in found]
    )


def _plain(checked: Checked) -> dict[str, Any]:
    return plain_look(checked.watched, checked.probe, checked.probe.verdict)


def _is_trusted(server: dict[str, Any]) -> bool | None:
    if server["fault"] or server["verdict"] is None:
        return None
    return bool(server["verdict"]["trusted"])


def _reasons(verdict: dict[str, Any]) -> Iterator[str]:
    for number, finding in enumerate(verdict.get("findings", [])):
        yield from wrapped("also" if number else "why", finding["sentence"])
    for cure in dict.fromkeys(finding["cure"] for finding in verdict.get("findings", [])):
        yield from wrapped("fix", cure)
