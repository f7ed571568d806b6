"""`casproxy trust`: shows and turns the switch of a running proxy; `diff` tells what turning it would change.

`diff` looks at the servers now; what is done over the admin API is in `trust_switch`.
"""

import argparse
import asyncio
import json
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

from proxy.cli import trust_switch
from proxy.cli.named_settings import NoSettings, add_config, load_named
from proxy.cli.trust_talk import progress_line, summary
from proxy.service.checkup import Checked, check_all, servers_of
from proxy.service.transports import new_loop

NAME = "trust"
HELP = "show and turn AllowInternalUntrustedCerts, tell what turning it would change"

SAME, DIFFERENT, UNKNOWN = 0, 1, 3
"""Exit codes."""

EFFECTS = {
    (True, True): "stays in use",
    (True, False): "would be refused with 502 and event 43",
    (False, True): "stays in use",
    (False, False): "is refused now and would be used, unverified",
}
"""Switch now (True is 1) and whether the server is trusted → what turning the switch does to it."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add what can be done."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    for name, sentence, add in (
        ("show", "how the switch of a running proxy stands, and who set it", trust_switch.configure_show),
        ("set", "turn the switch of a running proxy, at once and on every worker", trust_switch.configure_set),
        ("reset", "take back what was turned: the settings hold again", trust_switch.configure_reset),
        ("diff", "what would change if the switch were turned, from live looks", _configure_diff),
    ):
        add(actions.add_parser(name, help=sentence, description=sentence))


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked for; returns the exit code."""
    action: Callable[[argparse.Namespace], int] = arguments.action
    return action(arguments)


def diff(arguments: argparse.Namespace) -> int:
    """Look; 0 nothing would change, 1 something would (or the settings are wrong), 2 usage, 3 could not find out."""
    try:
        loaded = load_named(arguments, "trust diff")
    except NoSettings as stop:
        return stop.code
    with asyncio.Runner(loop_factory=new_loop) as runner:
        found = runner.run(check_all(servers_of(loaded.topology), progress_line("trust diff")))
    if arguments.json:
        print(json.dumps({"servers": [to_json(each) for each in found]}, indent=2, ensure_ascii=False))
    else:
        print("\n".join(to_text(found)))
    return _exit_code(found)


def changes(checked: Checked) -> bool | None:
    """Tell whether turning the switch changes what happens to this server; None: it could not be found out."""
    return None if checked.is_trusted is None else not checked.is_trusted


def to_text(found: list[Checked]) -> Iterator[str]:
    """Lay the sites out, each with its servers."""
    for site, group in groupby(found, key=lambda each: each.watched.server.site):
        servers = list(group)
        policy = servers[0].watched.policy
        yield f"{site}  {int(policy.allow_untrusted)} → {int(not policy.allow_untrusted)}  (set by {policy.source})"
        for each in servers:
            sign = {True: "≠", False: "=", None: "?"}[changes(each)]
            yield f"  {sign} {each.watched.server.authority}  {_effect(each)}: {summary(each)}"
    different = sum(changes(each) is True for each in found)
    yield f"Turning the switch everywhere changes what happens to {different} of {len(found)} servers."


def to_json(checked: Checked) -> dict[str, Any]:
    """Lay one server out for programs."""
    server, policy, _ = checked.watched
    verdict = checked.probe.verdict
    return {
        "site": server.site,
        "server": server.authority,
        "switch": int(policy.allow_untrusted),
        "policy_source": policy.source,
        "trusted": checked.is_trusted,
        "changes": changes(checked),
        "effect": _effect(checked),
        "reason": "" if verdict is None else verdict.reason,
        "reasons": [] if verdict is None else [finding.reason.value for finding in verdict.findings],
        "fault": "" if checked.probe.fault is None else str(checked.probe.fault),
    }


def _configure_diff(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.set_defaults(action=diff)


def _effect(checked: Checked) -> str:
    if checked.is_trusted is None:
        return "is not reached either way, as far as can be told"
    return EFFECTS[checked.watched.policy.allow_untrusted, checked.is_trusted]


def _exit_code(found: list[Checked]) -> int:
    outcomes = {changes(each) for each in found}
    return DIFFERENT if True in outcomes else UNKNOWN if None in outcomes else SAME
