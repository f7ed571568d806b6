"""An answer that we give ourselves, as a value; writing it to the browser is left to `relay`."""

from enum import Enum
from typing import NamedTuple


class Deed(Enum):
    """What an answer of ours did, where that is counted."""

    NONE = "none"
    """Nothing that is counted."""
    REDIRECTED = "redirected"
    """The user was sent to another site's own address."""
    SIGNED_IN = "signed_in"
    """A session began."""
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - a word, no password
    """A sign-in was refused: wrong user name or password."""
    STOPPED = "stopped"
    """A sign-in was not looked at: too many were wrong before."""
    UNUSABLE_FORM = "unusable_form"
    """A sign-in was not looked at: its form is broken, or somebody else's."""


class Reply(NamedTuple):
    """A whole answer of ours that is no error."""

    status: int
    """Status code, 200 to 599; 440 among them, for which HTTP has no phrase."""
    headers: tuple[tuple[str, str], ...] = ()
    """Fields besides `Content-Length`, `X-Request-Id`, `Proxy-Status` and `Connection`; values in visible ASCII."""
    body: bytes = b""
    """The body; a HEAD request gets its length alone."""
    because: str = ""
    """Why, for the access log."""
    closes: bool = False
    """Whether the browser's connection closes after it."""
    site: str = ""
    """Name of the site it is about, for the access log; empty: none."""
    deed: Deed = Deed.NONE
    """What it did, for the metrics."""
