"""`casproxy log-level [LEVEL]`: the least grave level that a running proxy logs, shown or changed at run time."""

import argparse
import sys
from typing import get_args

from proxy.admin.answers import Level, LogLevel
from proxy.cli.admin_client import Admin, pretty
from proxy.cli.admin_place import AdminFault, add_admin, find_place

NAME = "log-level"
HELP = "show or change the log level of a running proxy"

DONE = 0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the level and which proxy is meant."""
    parser.add_argument("level", nargs="?", choices=get_args(Level), help="the least grave level that is logged")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.add_argument("-q", "--quiet", action="store_true", help="tell mistakes only")
    add_admin(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show or change it: 0 done, 3 could not find out."""
    try:
        admin = Admin(find_place(arguments, NAME))
        order = {"level": arguments.level}
        body = admin.post("/api/log-level", order) if arguments.level else admin.get("/api/log-level")
        level = admin.read(body, LogLevel).level
    except AdminFault as fault:
        print(f"casproxy {NAME}: {fault}", file=sys.stderr)
        return fault.code
    if arguments.json:
        print(pretty(body))
    elif not (arguments.level and arguments.quiet):
        print(level)
    return DONE
