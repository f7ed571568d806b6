"""Makes text of strangers safe to print on a line; escaping for HTML or JSON is left to who renders those."""

from collections.abc import Sequence

MAX_TEXT = 2048
"""Characters kept of one value: enough for any message with the longest host names, too few to bury a log."""


def clean_text(text: str, limit: int = MAX_TEXT) -> str:
    r"""Replace what could forge a line or steer a terminal by a visible escape such as `\x1b` or `\u202e`.

    Replaced are control characters (CR, LF, ESC, NUL, C1), line and paragraph separators, bidirectional and other
    format controls, every space but the plain one, surrogates and unassigned characters: all that `str.isprintable`
    denies. Text longer than `limit` is cut and ends in an ellipsis. Markup is kept, for it is harmless on a line.
    """
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _visible(ord(char)) for char in text)


def _visible(point: int) -> str:
    if point <= 0xFF:  # noqa: PLR2004 - two hex digits suffice
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"  # noqa: PLR2004 - four hex digits suffice


def shorten(text: str, width: int) -> str:
    """Clean a text and make it no longer than `width`, at least 3: what is too much is left out in the middle."""
    if len(text) > MAX_TEXT:
        text = text[: MAX_TEXT // 2] + "…" + text[-MAX_TEXT // 2 :]
    cleaned = clean_text(text, MAX_TEXT + 1)
    if len(cleaned) <= width:
        return cleaned
    tail = (width - 1) // 2
    return f"{cleaned[: width - 1 - tail]}…{cleaned[-tail:]}"


def list_some(texts: Sequence[str], total: int | None = None, *, most: int = 5, width: int = 60) -> str:
    """Write the first texts with commas, each cleaned and shortened, and how many more there are.

    `total` is how many there are in all when not all of them are in `texts`.
    """
    shown = [shorten(text, width) for text in texts[:most]]
    more = max(len(texts) if total is None else total, len(shown)) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")
