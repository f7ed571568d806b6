"""An answer that we give ourselves, as a value; writing it to the browser is left to `relay`."""

from typing import NamedTuple


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
