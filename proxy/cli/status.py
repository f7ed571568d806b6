"""`casproxy status`: what a running proxy says of itself: settings, workers, sinks, sites and their servers."""

import argparse
import sys
from collections.abc import Iterator, Sequence

from proxy.admin.answers import Server, Servers, Site, Sites, Status
from proxy.cli.admin_client import NO, Admin, join, pretty
from proxy.cli.admin_place import AdminFault, add_admin, find_place
from proxy.model.clean import clean_text

NAME = "status"
HELP = "tell how a running proxy stands"

READY = 0

_LABEL = 10


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the form of the answer and which proxy is meant."""
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.add_argument("-q", "--quiet", action="store_true", help="only the exit code")
    add_admin(parser)


def run(arguments: argparse.Namespace) -> int:
    """Ask and tell: 0 it takes requests, 1 it does not (yet, or any more), 3 could not find out."""
    try:
        admin = Admin(find_place(arguments, NAME))
        bodies = {name: admin.get(f"/api/{name}") for name in ("status", "sites", "servers")}
        status = admin.read(bodies["status"], Status)
        sites = admin.read(bodies["sites"], Sites).sites
        servers = admin.read(bodies["servers"], Servers).servers
    except AdminFault as fault:
        print(f"casproxy {NAME}: {fault}", file=sys.stderr)
        return fault.code
    if arguments.json:
        print(pretty(join(bodies)))
    elif not arguments.quiet:
        print("\n".join([*_of_proxy(status), "", *_of_sites(sites, servers)]))
    return READY if status.ready else NO


def _of_proxy(status: Status) -> Iterator[str]:
    state = "ready" if status.ready else "draining" if status.draining else "not ready"
    yield clean_text(f"{status.name} is {state}: casproxy {status.version}, since {status.started_at}")
    yield _row("settings", f"{status.config.file}, read {status.config.loaded_at}")
    last = status.config.last_reload
    if last is not None:
        yield _row("reload", f"{last.at} {'in force' if last.ok else 'refused'}: {last.sentence}")
    yield _row("logs", f"from level {status.log_level} on{_losses(status)}")
    yield _row("loop", status.transports)
    for each in status.workers:
        counts = f"{_count(each.connections, 'connection')}, {_count(each.in_flight, 'request')} under way"
        yield _row(f"worker {each.number}", f"process {each.pid}, since {each.started_at}: {counts}")
    if not status.may_change:
        yield _row("token", "none: nothing can be changed over the admin API (server.admin_token_file)")


def _losses(status: Status) -> str:
    lost = [f"{each.name} lost {each.lost}" for each in status.sinks if each.lost]
    return f"; {', '.join(lost)}" if lost else ", nothing lost"


def _of_sites(sites: Sequence[Site], servers: Sequence[Server]) -> Iterator[str]:
    """Lay the sites out, each with its policy, its traffic and its servers."""
    for site in sites:
        policy, traffic = site.policy, site.traffic
        mean = f", {1000 * traffic.seconds / traffic.requests:.0f} ms each" if traffic.requests else ""
        counts = f"{_count(traffic.requests, 'request')}{mean}, {traffic.errors} answered 500 or more"
        yield clean_text(f"{site.name}  switch {policy.allow_internal_untrusted_certs} ({policy.source}); {counts}")
        for each in servers:
            if each.site == site.name:
                yield _server(each)
        if site.external_url and not site.servers:
            yield clean_text(f"  ↪ {site.external_url}")


def _server(server: Server) -> str:
    health, pool = server.health, server.connections
    sign = {"up": "✔", "down": "✖", "half_open": "△", "unchecked": "·"}[health.state]
    since = f" since {health.since}" if health.since else ""
    why = f": {health.why}" if health.why else ""
    open_ones = f"{_count(pool.open, 'connection')} ({pool.idle} idle)"
    return clean_text(f"  {sign} {server.server}  {health.state.replace('_', ' ')}{since}{why}; {open_ones}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _row(label: str, text: str) -> str:
    return clean_text(f"  {label:<{_LABEL}}{text}")
