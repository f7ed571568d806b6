"""The names a certificate is valid for, and whether a demanded one is among them, as OpenSSL compares them.

The common name is not consulted. Deciding is left to OpenSSL: this only explains what it did.
"""

import re
import string
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

from cryptography import x509

from proxy.trust.certificate import extension_of

Address = IPv4Address | IPv6Address

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
"""ASCII alone: a Kelvin sign is no k."""
_LABEL = re.compile(r"[0-9a-z-]+")
"""What a wildcard stands for: one label of letters, digits and hyphens."""
_BEHIND_WILDCARD = re.compile(r"(?!-)[0-9a-z-]+(?<!-)(\.(?!-)[0-9a-z-]+(?<!-))+")
"""What may follow `*.`: two labels or more, so `*.example` matches nothing."""


class Names(NamedTuple):
    """All names of a certificate's subject alternative name that a TLS server can be asked for."""

    hosts: tuple[str, ...] = ()
    """DNS names as they stand there, wildcards among them."""
    addresses: tuple[str, ...] = ()
    """IP addresses as text."""
    lower: frozenset[str] = frozenset()
    """The hosts in lower case."""
    is_present: bool = False
    """Whether there is a readable subject alternative name at all."""

    @property
    def all(self) -> tuple[str, ...]:
        """Hosts, then addresses."""
        return self.hosts + self.addresses


def names_of(certificate: x509.Certificate | None) -> Names:
    """Read the names of a certificate, however many they are; none of one that cannot be read."""
    extension = None if certificate is None else extension_of(certificate, x509.SubjectAlternativeName)
    if extension is None:
        return Names()
    hosts = tuple(extension.get_values_for_type(x509.DNSName))
    addresses = tuple(map(str, extension.get_values_for_type(x509.IPAddress)))
    return Names(hosts, addresses, frozenset(map(_lower, hosts)), is_present=True)


def covers(names: Names, name: str) -> bool:
    """Tell whether a certificate with these names is valid for `name`, a host name or an IP address.

    Case of ASCII letters does not count. A wildcard is the whole leftmost label, stands for exactly one label, and is
    followed by at least two. An IP address is looked for among the addresses alone.
    Source: RFC 9110 §4.3.4, RFC 9525 §6.3; the limits of wildcards are OpenSSL's.
    """
    address = address_of(name)
    if address is not None:
        return str(address) in names.addresses
    wanted = _lower(name)
    if wanted in names.lower:
        return True
    label, _, rest = wanted.partition(".")
    may_be_wild = _LABEL.fullmatch(label) is not None and _BEHIND_WILDCARD.fullmatch(rest) is not None
    return may_be_wild and f"*.{rest}" in names.lower


def address_of(name: str) -> Address | None:
    """Read `name` as an IP address; None when it is a host name."""
    try:
        return ip_address(name)
    except ValueError:
        return None


def _lower(name: str) -> str:
    return name.translate(_LOWER)
