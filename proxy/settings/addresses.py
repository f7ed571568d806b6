"""Addresses, host names and URLs as they are written in settings; whether a name resolves is left to those who dial."""

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from proxy.settings.problems import quote

HTTPS_PORT = 443
"""What an https URL without a port means."""

_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?", re.ASCII)
_PORT = re.compile(r"[0-9]{1,5}", re.ASCII)
_EVERY_IPV4 = str(ipaddress.IPv4Address(0))
_MAX_NAME = 253
_MAX_PORT = 65_535
_HAS_USER = "holds a user name or a password; only host and port belong here."
"""What is said instead of showing it."""


class BadAddress(Exception):
    """An address cannot be used."""

    def __init__(self, sentence: str, suggestion: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        """What is wrong, a whole sentence."""
        self.suggestion = suggestion
        """What to write instead, or the empty string."""


class Address(NamedTuple):
    """Host and port."""

    host: str
    """Lower case; IPv6 without brackets."""
    port: int
    """0 to 65535."""

    @property
    def is_loopback(self) -> bool:
        """Tell whether only this machine can reach it; of names only `localhost` is known to be so."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def overlaps(self, other: "Address") -> bool:
        """Tell whether both cannot be listened on at once; port 0 is always free."""
        if self.port != other.port or self.port == 0:
            return False
        if self.host == other.host or "::" in (self.host, other.host):
            return True  # [::] is bound for IPv6 only, but its port would be ambiguous for people
        return _EVERY_IPV4 in (self.host, other.host) and ":" not in self.host + other.host


def parse_address(text: str, port: int | None = None) -> Address:
    """Read `host:port`, `[IPv6]:port`; `port` is what a missing port means, None demands one.

    Raises: BadAddress.
    """
    if "@" in text:
        raise BadAddress(f"The address {_HAS_USER}")
    if text.startswith("["):
        host, closing, rest = text[1:].partition("]")
        given = rest.removeprefix(":") if rest.startswith(":") or not rest else "-"
        if not closing or not _is_ip(host, 6):
            raise BadAddress(f"{quote(text)} is not an address.", 'Write IPv6 as "[::1]:8443".')
    else:
        if text.count(":") > 1:
            guess = f'Write "[{text}]:{port or 8443}".' if _is_ip(text, 6) else 'Write IPv6 as "[::1]:8443".'
            raise BadAddress(f"{quote(text)} is not an address.", guess)
        host, _, given = text.partition(":")
        if port is not None or not _PORT.fullmatch(text):
            check_host(host, text)
    if given == "" and port is not None and not text.endswith(":"):
        return Address(host.lower(), port)
    if not _PORT.fullmatch(given) or int(given) > _MAX_PORT:
        guess = "Write host:port, for example " + (f'"0.0.0.0:{text}".' if _PORT.fullmatch(text) else '"0.0.0.0:8443".')
        raise BadAddress(f"{quote(text)} has no port from 0 to 65535.", guess)
    return Address(host.lower(), int(given))


def check_host(host: str, whole: str = "") -> str:
    """Take a host name or an IP address (IPv6 without brackets) and give it in lower case; `whole` is what is shown.

    Raises: BadAddress.
    """
    if _is_ip(host, 4) or _is_ip(host, 6):
        return host.lower()
    if "@" in host:
        raise BadAddress("A host name has no user name and no password in front of it.")
    shown = quote(whole or host)
    if not host:
        raise BadAddress(f"{shown} has no host.", 'Write "0.0.0.0" for every address of this machine.')
    if not host.isascii():
        raise BadAddress(f"{shown} has letters that host names on the wire cannot have.", _guess_ascii(host))
    labels = host.removesuffix(".").split(".")
    if len(host) > _MAX_NAME or not all(map(_LABEL.fullmatch, labels)) or labels[-1].isdigit():
        raise BadAddress(f"{shown} is not a host name or an address.")
    return host.lower()


def parse_internal_url(text: str) -> Address:
    """Read an InternalURL or ExternalURL, `https://cas02.branch.example/owa`, and give host and port.

    Raises: BadAddress.
    """
    address, parts = _parse_https(text)
    if parts.path.lower().rstrip("/") not in ("", "/owa"):
        raise BadAddress(f"{quote(text)} has a path other than /owa.", f'Write "https://{parts.netloc}/owa".')
    return address


def is_plain(text: str) -> bool:
    """Tell whether an InternalURL is http: a server that nothing is sent to, but that a user's mailbox may be on."""
    return text[:7].lower() == "http://"


def as_https(text: str) -> str:
    """Give an InternalURL as it would be with TLS."""
    return f"https://{text[7:]}" if is_plain(text) else text


def parse_https_url(text: str) -> Address:
    """Read an https URL with any path and give host and port.

    Raises: BadAddress.
    """
    return _parse_https(text)[0]


def _parse_https(text: str) -> tuple[Address, SplitResult]:
    if "@" in text:
        raise BadAddress(f"The URL {_HAS_USER}")
    if any(each.isspace() or not each.isprintable() or each == "\\" for each in text):
        raise BadAddress(f"{quote(text)} is not a URL: it holds a space, a backslash or a control character.")
    try:
        parts = urlsplit(text)
        port = parts.port
        host = parts.hostname or ""
    except ValueError:
        raise BadAddress(f"{quote(text)} is not a URL.", 'Write "https://host/owa".') from None
    if parts.scheme != "https" or not parts.netloc:
        raise BadAddress(f"{quote(text)} is not an https URL.", _guess_https(text, parts))
    if "?" in text or "#" in text:
        raise BadAddress(f"{quote(text)} has a query or a fragment; only a path may follow the host.")
    if not parts.path.isascii():
        raise BadAddress(f"{quote(text)} has letters in its path that URLs on the wire cannot have.")
    if port == 0 or parts.netloc.endswith(":"):
        raise BadAddress(f"{quote(text)} has no port from 1 to 65535.")
    return Address(check_host(host, text), port or HTTPS_PORT), parts


def _guess_https(text: str, parts: SplitResult) -> str:
    if parts.scheme == "http" and parts.netloc:
        return f"Write {quote('https://' + text.partition('://')[2])}."
    if "://" not in text and text and text[0].isalnum():
        return f"Write {quote('https://' + text)}."
    return 'Write "https://host/owa".'


def _guess_ascii(host: str) -> str:
    try:
        return f'Write "{host.encode("idna").decode("ascii")}".'
    except UnicodeError:
        return ""


def _is_ip(text: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(text).version == version and "%" not in text
    except ValueError:
        return False
