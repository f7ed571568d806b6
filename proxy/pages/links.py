"""Decides which addresses may stand in a link of a page of ours; pure."""

import re

_AUTHORITY = re.compile(r"(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?", re.IGNORECASE)
"""A host that may stand in a link of ours: RFC 9110 §7.2 without user names and percent signs."""
_MAX_AUTHORITY = 261
"""A host name of 255 characters, a colon and a port."""


def is_authority(host: str) -> bool:
    """Tell whether it is a host with or without a port, as it may follow `https://`."""
    return len(host) <= _MAX_AUTHORITY and _AUTHORITY.fullmatch(host) is not None


def origin_of(location: str) -> str:
    """Give `https://host:port` of a link to elsewhere; empty for one that we do not follow."""
    return "https://" + _authority(location) if https_link(location) else ""


def https_link(location: str) -> str:
    """Give the location if it leads to a plain https host and shows what it is; empty otherwise."""
    return location if is_authority(_authority(location)) and _is_plain(location) else ""


def _authority(location: str) -> str:
    """Cut out what stands between `https://` and the path; empty when it is no https address."""
    scheme, _, rest = location.partition("://")
    return re.split(r"[/?#]", rest, maxsplit=1)[0] if scheme.lower() == "https" else ""


def _is_plain(address: str) -> bool:
    r"""Refuse what shows something else than it is, and the backslash, which browsers read as a slash."""
    return address.isprintable() and " " not in address and "\\" not in address
