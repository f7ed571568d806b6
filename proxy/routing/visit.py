"""Tell what a request asks for by its path; where its user's mailbox takes it is left to `rules`."""

import re
import unicodedata
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

from proxy.errors import ClientFault
from proxy.routing.link import spell_authority
from proxy.routing.path import decode_once


class Protocol(Enum):
    """What the first segment of a path stands for."""

    OWA = "owa"
    """Outlook Web App."""
    ECP = "ecp"
    """The Exchange Control Panel."""
    EWS = "ews"
    """Exchange Web Services."""
    ACTIVESYNC = "activesync"
    """Exchange ActiveSync."""
    AUTODISCOVER = "autodiscover"
    """Autodiscover."""
    OAB = "oab"
    """The offline address book."""
    RPC = "rpc"
    """Outlook Anywhere, which is not supported."""
    LEGACY = "legacy"
    """Paths of Exchange 2000 to 2007, which lead to Outlook Web App."""
    ROOT = "root"
    """The bare host name, which leads to Outlook Web App, too."""
    OTHER = "other"
    """Everything else."""


PROTOCOLS: Mapping[str, Protocol] = MappingProxyType(
    {
        "": Protocol.ROOT,
        "owa": Protocol.OWA,
        "ecp": Protocol.ECP,
        "ews": Protocol.EWS,
        "microsoft-server-activesync": Protocol.ACTIVESYNC,
        "autodiscover": Protocol.AUTODISCOVER,
        "oab": Protocol.OAB,
        "rpc": Protocol.RPC,
        "exchange": Protocol.LEGACY,
        "exchweb": Protocol.LEGACY,
        "public": Protocol.LEGACY,
    }
)
"""First segment of the path, lower case, to what it stands for; whatever is not listed is OTHER."""

FRONT_DOOR = "/owa/"
"""Where the root and the legacy paths lead."""


class Visit(NamedTuple):
    """What a request asks for, without its query: nothing here depends on one."""

    path: str
    """Lower case, decoded once, dots resolved."""
    host: str
    """The host in use as `spell_authority` gives it: with the port unless that is 443."""
    method: str
    """As it was sent."""
    protocol: Protocol
    """What the path stands for."""

    @property
    def detour(self) -> str:
        """Where the browser is sent before anybody asks who it is: `/owa/`; empty: nowhere."""
        return FRONT_DOOR if self.protocol in (Protocol.ROOT, Protocol.LEGACY) else ""


_ODD = re.compile(rb"[^!-~]|[%\\;]|//|/\.").search
"""What a decoded copy could read differently."""
_SEGMENT_END = re.compile(r"[/\\;:]")
_OTHER = Protocol.OTHER  # up to Python 3.11 each `Protocol.OTHER` is a failed lookup and a call


def read_visit(method: bytes, authority: bytes, target: bytes) -> Visit:
    """Read method, `Host` and target (origin-form or `*`) of a request whose head has been found in order.

    Raises: ClientFault 400 when the decoded path is refused, stands for something else than the raw one, or when
    its first segment is one of the table in disguise: with parameters, dots, spaces or letters of another width.
    """
    raw = target.partition(b"?")[0]
    path = raw.decode("latin-1").lower()
    protocol = _protocol_of(path)
    if protocol is _OTHER or _ODD(raw) is not None:
        path = decode_once(target)
        if _protocol_of(path) is not protocol or _unmasked(path) is not protocol:
            raise ClientFault(400, "The path of the request means something else once it is decoded.")
    return Visit(path, spell_authority(authority.decode("latin-1")), method.decode("latin-1"), protocol)


def _protocol_of(path: str) -> Protocol:
    return PROTOCOLS.get(_first(path), _OTHER) if path[:1] == "/" else _OTHER


def _unmasked(path: str) -> Protocol:
    """Tell what the path stands for to a server that reads it as leniently as any is known to."""
    if path[:1] != "/":
        return _OTHER
    plain = unicodedata.normalize("NFKC", _first(path)).casefold()
    return PROTOCOLS.get(_SEGMENT_END.split(plain, maxsplit=1)[0].strip(" ."), _OTHER)


def _first(path: str) -> str:
    return path[1:].partition("/")[0]
