"""`casproxy hash-password`: makes the hash that stands in a users file."""

import argparse
import sys

from proxy.cli.new_password import NoPassword, add_costs, hash_new_password

NAME = "hash-password"
HELP = "hash a password, asked for or from standard input, for a users file"

DONE = 0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add what the hash may cost; the password never stands on the command line."""
    add_costs(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the hash: 0; 1 for what can be no password, or two that differ."""
    try:
        print(hash_new_password(arguments))
    except NoPassword as stop:
        print(f"casproxy hash-password: {stop}", file=sys.stderr)
        return stop.code
    return DONE
