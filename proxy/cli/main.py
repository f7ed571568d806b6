"""The command line: a table of commands, their exit codes and the last resort; what each does is left to its module.

A command is a module of this room with `NAME`, `HELP`, `configure(parser)` and `run(arguments)`. Answers go to standard
output, talk to standard error.
"""

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Protocol

from proxy.cli import (
    certs,
    check_config,
    doctor,
    events,
    explain,
    hash_password,
    healthcheck,
    import_reg,
    keys,
    lab,
    log_level,
    probe,
    reload,
    schema,
    serve,
    status,
    trust,
    users,
    version,
)


class Command(Protocol):
    """What a module of this room must offer to stand in the table."""

    NAME: str
    """Word on the command line."""
    HELP: str
    """One line of help."""

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's own arguments."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it; returns the exit code."""
        ...


COMMANDS: tuple[Command, ...] = (
    serve,
    lab,
    probe,
    doctor,
    trust,
    status,
    events,
    reload,
    log_level,
    certs,
    check_config,
    import_reg,
    explain,
    users,
    hash_password,
    keys,
    schema,
    healthcheck,
    version,
)
"""Every command, in the order of `--help`."""

INTERNAL_ERROR = 4
INTERRUPTED = 130

EXIT_CODES = """\
exit codes:
    0  yes: done, valid, trusted, healthy
    1  the honest answer is no: invalid configuration, untrusted backend, unhealthy
    2  usage
    3  could not find out: unknown name, refused, timed out
    4  internal error
    5  serve stopped, but requests in flight outlasted the drain time
  130  interrupted before ready
"""


def run() -> int:
    """Run the command line of this process; the entry point of `casproxy`."""
    return main(sys.argv[1:])


def main(argv: Sequence[str]) -> int:
    """Run the command that `argv` (without the program's name) asks for; returns the exit code, never raises."""
    try:
        arguments = build_parser().parse_args(argv)
    except SystemExit as stop:  # argparse has said why
        return stop.code if isinstance(stop.code, int) else INTERNAL_ERROR
    if arguments.no_color:
        os.environ["NO_COLOR"] = "1"
    return _guarded(arguments)


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="casproxy",
        description="An HTTPS reverse proxy that plays the Client Access server of an Exchange 2010 organisation.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_common(parser, default=False)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        child = commands.add_parser(
            command.NAME,
            help=command.HELP,
            description=command.HELP,
            epilog=EXIT_CODES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        _add_common(child, default=argparse.SUPPRESS)
        command.configure(child)
        child.set_defaults(command=command)
    return parser


def _add_common(parser: argparse.ArgumentParser, *, default: object) -> None:
    """Add what every command understands, before and after its name."""
    parser.add_argument("--no-color", action="store_true", default=default, help="no colours, as with NO_COLOR=1")
    parser.add_argument("--debug", action="store_true", default=default, help="show the traceback of an internal error")


def _guarded(arguments: argparse.Namespace) -> int:
    """Run the command; whatever it raises becomes an exit code and at most one sentence."""
    command: Command = arguments.command
    try:
        code = command.run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our answer has seen enough (`casproxy schema | head`); the flush at exit must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the last resort: a sentence instead of a traceback
        if arguments.debug:
            traceback.print_exc()
        sentence = f"casproxy {command.NAME}: internal error ({type(error).__name__}: {error})"
        sys.stderr.write(f"{sentence}. Please report it with the output of the same command and --debug.\n")
        return INTERNAL_ERROR
    return code
