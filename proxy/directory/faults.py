"""What is wrong with a list of users, as values; no text here ever holds a password or its hash."""

from collections.abc import Sequence
from typing import NamedTuple

from proxy.model.clean import shorten

WIDTH = 80
"""Characters shown of one value."""


class Problem(NamedTuple):
    """One mistake, with all that is needed to mend it."""

    source: str
    """Name of the file; empty when the users came from elsewhere."""
    line: int
    """Line in the file, from 1; 0 when it is not known."""
    sentence: str
    """What is wrong."""
    cure: str = ""
    """What to write instead; empty when there is nothing to guess."""

    def __str__(self) -> str:
        """Compose the line that an administrator reads."""
        place = f"{self.source}:{self.line}" if self.line else self.source
        told = f"{self.sentence} {self.cure}".rstrip()
        return f"{place}: {told}" if place else told


class DirectoryInvalid(Exception):
    """The users cannot be used; `problems` holds every reason, in the order of the file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)
        """At least one."""


def quote(text: str) -> str:
    """Show a value in a message on one line, shortened, control characters made visible."""
    return f'"{shorten(text, WIDTH)}"'
