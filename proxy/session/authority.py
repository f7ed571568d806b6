"""Whether an authority is the one the browser used; which names are ours at all is left to the front."""

import re

_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::([0-9]{1,5}))?")
_HTTPS = 443


def is_same_authority(text: str, host: str) -> bool:
    """Tell whether two `host[:port]` of https are one: letters of any case, port 443 spelled or not, nothing else."""
    ours = _split(host)
    return ours is not None and _split(text) == ours


def _split(text: str) -> tuple[str, int] | None:
    match = _AUTHORITY.fullmatch(text.lower()) if text.isascii() else None
    return (match[1], int(match[2] or _HTTPS)) if match else None
