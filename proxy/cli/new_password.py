"""A new password from the terminal, a file or standard input, and its hash; never from the command line."""

import argparse
import getpass
import sys
from pathlib import Path

from proxy.accounts.passwords import BadPassword, hash_password
from proxy.directory.phc import BadHash, Costs

REFUSED, UNKNOWN = 1, 3


class NoPassword(Exception):
    """There is no new password; `str()` says why, and `code` is the exit code."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.code = code


def add_costs(parser: argparse.ArgumentParser) -> None:
    """Add what a hash may cost."""
    usual = Costs()
    for flag, most, what in (
        ("--memory-kib", usual.memory_kib, "KiB of memory"),
        ("--iterations", usual.iterations, "passes over it"),
        ("--lanes", usual.lanes, "lanes"),
    ):
        parser.add_argument(flag, type=int, default=most, metavar="N", help=f"{what} that a check costs ({most})")


def hash_new_password(arguments: argparse.Namespace, file: str | None = None) -> str:
    """Ask for a password, or read the first line of `file` or of standard input, and hash it.

    Raises: NoPassword.
    """
    costs = Costs(arguments.memory_kib, arguments.iterations, arguments.lanes)
    try:
        return hash_password(_read(file), costs)
    except BadPassword as fault:
        raise NoPassword(str(fault), REFUSED) from None
    except BadHash as fault:
        raise NoPassword(f"No hash was made. {fault}", REFUSED) from None


def _read(file: str | None) -> str:
    if file is not None:
        return _first_line(_bytes_of(Path(file)))
    if sys.stdin.isatty():
        return _ask()
    return _first_line(sys.stdin.buffer.readline())


def _ask() -> str:
    try:
        password = getpass.getpass("Password: ")
        again = getpass.getpass("The same again: ")
    except EOFError:
        raise NoPassword("No password was given.", REFUSED) from None
    if password != again:
        raise NoPassword("The two passwords are not the same. Nothing was changed.", REFUSED)
    return password


def _bytes_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.readline()
    except OSError as fault:
        raise NoPassword(f"The file of the password cannot be read: {fault.strerror}: {path}.", UNKNOWN) from None


def _first_line(line: bytes) -> str:
    """Give the line without its end; blanks belong to a password."""
    try:
        return line.removesuffix(b"\n").removesuffix(b"\r").decode()
    except UnicodeDecodeError:
        raise NoPassword("The password is not UTF-8.", REFUSED) from None
