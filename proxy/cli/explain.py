"""`casproxy explain`: says what something means; each thing that can be explained is a module of its own.

Such a module has `NAME`, `HELP`, `configure(parser)` and `run(arguments)`, as commands have, and stands in `SUBJECTS`.
"""

import argparse
from collections.abc import Sequence
from typing import Protocol

from proxy.cli import explain_event, explain_site, explain_user

NAME = "explain"
HELP = "explain an event, a site or a user's way: what it means, how it stands, what to do about it"


class Subject(Protocol):
    """What a module must offer to be explained by."""

    NAME: str
    """Word after `explain`."""
    HELP: str
    """One line of help."""

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add its arguments."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Explain; returns the exit code."""
        ...


SUBJECTS: Sequence[Subject] = (explain_event, explain_site, explain_user)
"""Everything that can be explained, in the order of `--help`."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add a parser for each subject."""
    subjects = parser.add_subparsers(metavar="WHAT", required=True)
    for subject in SUBJECTS:
        child = subjects.add_parser(subject.NAME, help=subject.HELP, description=subject.HELP)
        subject.configure(child)
        child.set_defaults(subject=subject)


def run(arguments: argparse.Namespace) -> int:
    """Explain what was asked for; returns the exit code."""
    subject: Subject = arguments.subject
    return subject.run(arguments)
