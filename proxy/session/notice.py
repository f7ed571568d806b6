"""What the processes of one proxy tell each other about sign-ins, so that each knows what the others do."""

from typing import NamedTuple


class Ended(NamedTuple):
    """A session was ended before its time."""

    session_id: str
    until: float
    """Seconds since 1970 from which its cookie would be over anyway."""


class CredentialKept(NamedTuple):
    """Somebody signed in whose site is told the password."""

    session_id: str
    line: bytes
    """The `Authorization` line; it is kept in memory only, everywhere."""


class Tried(NamedTuple):
    """A password was right or wrong."""

    user: str
    """As `attempts` counts it: one text for every spelling."""
    address: str
    at: float
    """Seconds since 1970."""
    was_right: bool


Notice = Ended | CredentialKept | Tried


def tell_nobody(_notice: Notice) -> None:
    """Tell nobody: there is one process."""
