"""`casproxy doctor`: every configured server, worst first, with what is wrong and the commands that mend it."""

import argparse
import asyncio
import json
from collections.abc import Iterator
from typing import Any

from proxy.cli.mending import mend
from proxy.cli.named_settings import NoSettings, add_config, load_named
from proxy.cli.trust_talk import SOON_DAYS, exit_code, mark, probe_command, progress_line, rank, summary, wrapped
from proxy.service.checkup import Checked, check_all, servers_of
from proxy.service.transports import new_loop
from proxy.trust.changes import first_end
from proxy.trust.plain import to_plain

NAME = "doctor"
HELP = "look at the trust of every configured server, worst first, and say how to mend it"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the settings and the form of the answer."""
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def run(arguments: argparse.Namespace) -> int:
    """Look; 0 all trusted, 1 one is not (or the settings are wrong), 2 usage, 3 one could not be looked at."""
    try:
        loaded = load_named(arguments, NAME)
    except NoSettings as stop:
        return stop.code
    with asyncio.Runner(loop_factory=new_loop) as runner:
        found = runner.run(check_all(servers_of(loaded.topology), progress_line(NAME)))
    found.sort(key=rank)
    if arguments.json:
        print(json.dumps({"servers": [to_json(each) for each in found]}, indent=2, ensure_ascii=False))
    else:
        print("\n".join(line for each in found for line in to_text(each)))
        print(_conclusion(found))
    return exit_code(each.is_trusted for each in found)


def to_text(checked: Checked) -> Iterator[str]:
    """Lay out one server: how it stands, why, and how to mend it."""
    server, policy, _ = checked.watched
    switch = f"switch {int(policy.allow_untrusted)} from {policy.source}"
    yield f"{mark(checked.is_trusted)} {server.site}  {server.authority}  {summary(checked)}"
    yield from wrapped("now", f"{_now(checked)} ({switch}).")
    verdict = checked.probe.verdict
    if verdict is not None:
        for number, finding in enumerate(verdict.findings):
            yield from wrapped("also" if number else "why", finding.sentence)
        if verdict.resembles:
            yield from wrapped("whose", f"This is the certificate of {verdict.resembles}: is the address right?")
        for cure in dict.fromkeys(finding.cure for finding in verdict.findings):
            yield from wrapped("fix", cure)
        end = first_end(verdict)
        if verdict.trusted and end is not None and (end - verdict.at).days <= SOON_DAYS:
            yield from wrapped("fix", f"Renew the certificate before {end:%Y-%m-%d}.")
        yield from (f" {'run':<5} {command}" for command in mend(server, policy, verdict))
    if checked.is_trusted is not True:
        yield f" {'look':<5} {probe_command(server, policy)}"
    yield ""


def to_json(checked: Checked) -> dict[str, Any]:
    """Lay out the same for programs."""
    server, policy, _ = checked.watched
    return {
        "site": server.site,
        "server": server.authority,
        "dialled": server.dialled,
        "policy": policy.name,
        "policy_source": policy.source,
        "enforce": {True: "trusted", False: "untrusted", None: "unknown"}[checked.is_trusted],
        "fault": "" if checked.probe.fault is None else str(checked.probe.fault),
        "verdict": None if checked.probe.verdict is None else to_plain(checked.probe.verdict),
        "commands": [] if checked.probe.verdict is None else mend(server, policy, checked.probe.verdict),
        "look": probe_command(server, policy),
    }


def _now(checked: Checked) -> str:
    """Say what happens to requests to this server now."""
    match checked.is_trusted, checked.watched.policy.allow_untrusted:
        case True, _:
            return "Requests are sent"
        case False, True:
            return "Requests are sent all the same; with 0 they would be refused"
        case False, False:
            return "Requests are refused with 502 and event 43"
        case _:
            return "Requests fail"


def _conclusion(found: list[Checked]) -> str:
    bad = sum(each.is_trusted is False for each in found)
    lost = sum(each.is_trusted is None for each in found)
    return f"{len(found)} servers: {len(found) - bad - lost} trusted, {bad} not trusted, {lost} could not be looked at."
