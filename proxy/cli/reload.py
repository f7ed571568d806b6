"""`casproxy reload`: has a running proxy read its settings anew, and tells whether it took them."""

import argparse
import http
import sys

from proxy.admin.orders import Reloaded
from proxy.cli.admin_client import NO, Admin, pretty
from proxy.cli.admin_place import AdminFault, add_admin, find_place
from proxy.model.clean import clean_text

NAME = "reload"
HELP = "have a running proxy read its settings anew"

DONE = 0
LONGEST = 64 * 1024
"""Characters of an answer: a file may hold many mistakes."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the form of the answer and which proxy is meant."""
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.add_argument("-q", "--quiet", action="store_true", help="tell mistakes only")
    add_admin(parser)


def run(arguments: argparse.Namespace) -> int:
    """Ask for it: 0 in force, 1 refused and nothing has changed, 3 could not find out."""
    try:
        admin = Admin(find_place(arguments, NAME))
        body = admin.post("/api/reload", {}, also=(http.HTTPStatus.CONFLICT,))
        told = admin.read(body, Reloaded)
    except AdminFault as fault:
        print(f"casproxy {NAME}: {fault}", file=sys.stderr)
        return fault.code
    sentence = clean_text(told.sentence, LONGEST)
    if arguments.json:
        print(pretty(body))
    elif not told.reloaded:
        print(f"casproxy {NAME}: refused, nothing has changed. {sentence}", file=sys.stderr)
    elif not arguments.quiet:
        print(sentence)
    return DONE if told.reloaded else NO
