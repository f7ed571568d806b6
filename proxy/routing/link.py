"""Read the addresses of settings as far as routing needs them; whether they may be set at all is left to `settings`."""

import re
from typing import NamedTuple

_LINK = re.compile(
    r"(?P<scheme>https?)://(?P<authority>(?:\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,254})(?::[0-9]{1,5})?)"
    r"(?P<path>(?:/[!-~]*?)?)(?P<tail>[?#][!-~]*)?",
    re.ASCII | re.IGNORECASE,
)
_MAX_PORT = 65_535


class Link(NamedTuple):
    """An absolute address of the settings: an InternalURL, an ExternalURL or a legacy address."""

    scheme: str
    """`https` or `http`."""
    authority: str
    """As `spell_authority` gives it, to be compared with the host in use."""
    path: str
    """Without slashes at its end, case kept; empty for the root."""
    tail: str
    """Query and fragment with their marks; empty: none."""

    @property
    def origin(self) -> str:
        """Scheme and authority, `https://mail.branch.example:8443`."""
        return f"{self.scheme}://{self.authority}"

    @property
    def fault(self) -> str:
        """What keeps browsers from being sent there, as the end of a sentence; empty: nothing."""
        if self.scheme != "https":
            return "is not https"
        return "has a query or a fragment" if self.tail else ""


def read_link(text: str) -> Link | None:
    """Read an absolute http or https address; None for everything else, user names and strange characters included."""
    found = _LINK.fullmatch(text)
    if found is None:
        return None
    scheme, authority = found["scheme"].lower(), found["authority"]
    port = authority.rpartition("]")[2].partition(":")[2]
    if port and not 0 < int(port) <= _MAX_PORT:
        return None
    spelled = spell_authority(authority, 443 if scheme == "https" else 80)
    return Link(scheme, spelled, found["path"].rstrip("/"), found["tail"] or "") if spelled else None


def spell_authority(text: str, default_port: int = 443) -> str:
    """Spell a host and port in the one way that is compared: lower case, no dot at the end, no usual port.

    Whether it is an authority at all is left to `message`; nothing is refused here.
    """
    literal, closing, rest = text.lower().rpartition("]")
    host, _, port = rest.partition(":")
    number = port.lstrip("0")
    name = f"{literal}{closing}{host.removesuffix('.')}"
    return name if number in ("", str(default_port)) else f"{name}:{number}"
