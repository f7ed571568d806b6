"""Decode the path of a request target the way IIS would; which site it belongs to is left to `decide`.

The copy made here is only compared, never sent: the target goes upstream byte for byte. So nothing is gained by being
lenient, and what two servers could read differently is refused.
"""

import re

from proxy.errors import ClientFault

_ESCAPE = re.compile(rb"%(?:u([0-9a-fA-F]{4})|([0-9a-fA-F]{2}))")
_OVERLONG = re.compile(rb"[\xc0\xc1][\x80-\xbf]|\xe0[\x80-\x9f][\x80-\xbf]|\xf0[\x80-\x8f][\x80-\xbf]")
"""UTF-8 written longer than needed: once decoded to `/` and `.` by servers that did not look."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def decode_once(target: bytes) -> str:
    """Give the path of the target in lower case, `%XX` and `%uXXXX` decoded once, backslash as `/`, dots resolved.

    Empty segments vanish, a slash at the end stays, the query is left out, `*` stays `*`. An escape that is none stays
    as it is. What is not UTF-8 is read as Latin-1.

    Raises: ClientFault 400 when the path climbs above the root, holds NUL or another control character, overlong
    UTF-8 or half a surrogate pair, or a segment of dots with white space or parameters (`..;x`, `.. `), which some
    servers take for a dot segment and others do not.
    """
    path = target.partition(b"?")[0]
    if path[:1] not in (b"/", b"\\"):
        return path.decode("latin-1").lower()
    text = _decoded(path)
    if _CONTROL.search(text):
        raise ClientFault(400, "The path of the request holds control characters.")
    segments = _resolved(text.replace("\\", "/").split("/"))
    return "/".join(["", *segments]).lower() or "/"


def _decoded(path: bytes) -> str:
    octets = _ESCAPE.sub(_octets, path)
    if _OVERLONG.search(octets):
        raise ClientFault(400, "The path of the request holds overlong UTF-8.")
    try:
        text = octets.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return octets.decode("latin-1")
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")  # joins the halves that %u spells apart
    except UnicodeDecodeError:
        raise ClientFault(400, "The path of the request holds half a character.") from None


def _octets(escape: re.Match[bytes]) -> bytes:
    wide, narrow = escape.groups()
    if narrow is not None:
        return bytes((int(narrow, 16),))
    return chr(int(wide, 16)).encode("utf-8", "surrogatepass")


def _resolved(segments: list[str]) -> list[str]:
    """Resolve dot segments (RFC 3986 §5.2.4), refusing to climb above the root; empty segments count for nothing."""
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            if not kept:
                raise ClientFault(400, "The path of the request climbs above the root.")
            kept.pop()
        elif segment and segment != ".":
            if not segment.partition(";")[0].strip(" .") and "." in segment.partition(";")[0]:
                raise ClientFault(400, "The path of the request holds an ambiguous dot segment.")
            kept.append(segment)
    if kept and segments[-1] in ("", ".", ".."):
        kept.append("")
    return kept
