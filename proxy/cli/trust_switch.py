"""`casproxy trust show|set|reset`: the switch of a running proxy, read and turned over its admin API."""

import argparse
import sys
from collections.abc import Iterator

import msgspec

from proxy.admin.answers import Switch, Trust
from proxy.admin.orders import SwitchChange, TrustChanged
from proxy.cli.admin_client import Admin, pretty
from proxy.cli.admin_place import UNKNOWN, AdminFault, add_admin, find_place
from proxy.model.clean import clean_text
from proxy.settings.values import did_you_mean

DONE = 0
KEY = "allow_internal_untrusted_certs"
OTHERS = "every other site"
"""Whose switch the default is."""


def configure_show(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `trust show`."""
    parser.add_argument("--site", metavar="S", help="this site alone")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    add_admin(parser)
    parser.set_defaults(action=show)


def configure_set(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `trust set`."""
    parser.add_argument("value", type=int, choices=(0, 1), help="0 refuses untrusted servers, 1 uses them")
    _configure_change(parser)
    parser.set_defaults(action=turn)


def configure_reset(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `trust reset`."""
    _configure_change(parser)
    parser.set_defaults(action=turn, value=None)


def show(arguments: argparse.Namespace) -> int:
    """Tell how the switch stands and who set it: 0; 3 for a site that there is not, and when nobody answers."""
    try:
        admin = Admin(find_place(arguments, "trust show"))
        trust = _choose(admin.read(admin.get("/api/trust"), Trust), arguments.site)
    except AdminFault as fault:
        return _fail("show", fault)
    print(pretty(msgspec.json.encode(trust)) if arguments.json else _lay_out(trust))
    return DONE


def turn(arguments: argparse.Namespace) -> int:
    """Turn the switch, or take back what was turned: 0 done, 1 it takes a restart, 3 no such site or no answer."""
    verb = "reset" if arguments.value is None else "set"
    try:
        admin = Admin(find_place(arguments, f"trust {verb}"))
        body = admin.post("/api/trust", {"site": arguments.site, KEY: arguments.value})
        changed = admin.read(body, TrustChanged)
    except AdminFault as fault:
        return _fail(verb, fault)
    if arguments.json:
        print(pretty(body))
    elif not arguments.quiet:
        print("\n".join(_tell(changed)))
        if arguments.value is not None and changed.changes:
            hint = "It holds until `casproxy trust reset` or the end of the proxy; the settings file is as it was."
            print(f"casproxy trust set: {hint}", file=sys.stderr)
    return DONE


def _configure_change(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--site", metavar="S", help="this site alone; without it every site")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.add_argument("-q", "--quiet", action="store_true", help="tell mistakes only")
    add_admin(parser)


def _choose(trust: Trust, site: str | None) -> Trust:
    """Leave only the site that was asked for, in any case of its name."""
    if site is None:
        return trust
    chosen = tuple(each for each in trust.sites if each.site.casefold() == site.casefold())
    if not chosen:
        names = [each.site for each in trust.sites]
        hint = did_you_mean(site, names) or f"There are {', '.join(names)}."
        raise AdminFault(clean_text(f"There is no site {site}. {hint}"), UNKNOWN)
    return Trust(default=trust.default, sites=chosen)


def _lay_out(trust: Trust) -> str:
    rows: list[tuple[str, Switch]] = [(each.site, each) for each in trust.sites]
    if len(trust.sites) != 1:
        rows.append((OTHERS, trust.default))
    width = max(len(name) for name, _ in rows)
    lines = [f"{'':{width}}  {KEY}"]
    for name, switch in rows:
        lines.append(clean_text(f"{name:{width}}  {switch.allow_internal_untrusted_certs}  {switch.source}"))
    return "\n".join(lines)


def _tell(changed: TrustChanged) -> Iterator[str]:
    if not changed.changes:
        yield "Nothing changes: the switch stands like that already."
        return
    yield from map(_tell_change, changed.changes)
    number = changed.connections_closed
    yield f"{number} idle connection{'' if number == 1 else 's'} closed."


def _tell_change(change: SwitchChange) -> str:
    name = OTHERS if change.site is None else change.site
    turned = f"{change.before} → {change.after}" if change.before != change.after else f"stays {change.after}"
    sources = dict.fromkeys((change.source_before, change.source_after))
    return clean_text(f"{name}: {KEY} {turned} ({' → '.join(sources)}).")


def _fail(verb: str, fault: AdminFault) -> int:
    print(f"casproxy trust {verb}: {fault}", file=sys.stderr)
    return fault.code
