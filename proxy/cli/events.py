"""`casproxy events`: the last events of a running proxy, in every format, and with `-f` each one as it happens."""

import argparse
import sys

from proxy.admin.records import FORMATS
from proxy.cli.admin_client import USAGE, Admin
from proxy.cli.admin_place import AdminFault, add_admin, find_place
from proxy.cli.events_follow import Follow
from proxy.cli.events_query import JSON, Page, Wish, add_query, read_wish

NAME = "events"
HELP = "read the events of a running proxy, and follow them"

DONE = 0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add which events, in which format, and which proxy is meant."""
    parser.add_argument("-f", "--follow", action="store_true", help="go on with each event as it happens, until Ctrl-C")
    add_query(parser)
    add_admin(parser)


def run(arguments: argparse.Namespace) -> int:
    """Tell them, oldest first: 0 told (also when there are none), 2 usage, 3 could not find out."""
    wish = read_wish(arguments)
    if arguments.follow and "until" in wish.bounds:
        print(f"casproxy {NAME}: what follows has no end; leave out --until or -f.", file=sys.stderr)
        return USAGE
    try:
        admin = Admin(find_place(arguments, NAME))
        if arguments.follow:
            _follow(admin, wish)
        else:
            _write(_read(admin, wish))
    except AdminFault as fault:
        print(f"casproxy {NAME}: {fault}", file=sys.stderr)
        return fault.code
    return DONE


def _read(admin: Admin, wish: Wish) -> bytes:
    """Give the events that are kept; of JSON the records alone, a line each, as in the log."""
    query = {**wish.filters, **wish.bounds, "format": wish.format}
    body = admin.get("/api/events", query)
    if wish.format != JSON:
        return body
    return b"".join(bytes(each.record) + b"\n" for each in admin.read(body, Page).events)


def _follow(admin: Admin, wish: Wish) -> None:
    """Follow without an end; columns are named once, and what never ends is no document."""
    if wish.format == "csv":
        _write(FORMATS["csv"].head)
    Follow(admin, wish, _write).run()


def _write(written: bytes) -> None:
    """Write at once: a reader that waits for the next event sees this one."""
    sys.stdout.flush()
    sys.stdout.buffer.write(written)
    sys.stdout.buffer.flush()
