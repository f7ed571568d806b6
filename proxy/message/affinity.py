"""Tells which authentication belongs to a connection instead of a request; keeping connections apart is `relay`'s.

NTLM and Negotiate (Kerberos or NTLM inside, RFC 4559) sign in a connection: whatever comes on it afterwards is taken
for the same user. A pooled connection would give one user's mailbox to another. Basic, Digest and Bearer are said anew
with every request and need nothing of the kind.
"""

import re

_SCHEME = re.compile(rb"\s*(?:ntlm|negotiate|kerberos)(?![0-9a-z!#$%&'*+.^_`|~-])", re.IGNORECASE)
_CHALLENGE = re.compile(rb"(?:^|,)" + _SCHEME.pattern, re.IGNORECASE)


def is_bound_credential(value: bytes) -> bool:
    """Tell whether an `Authorization` value signs a connection in."""
    return _SCHEME.match(value) is not None


def is_bound_challenge(value: bytes) -> bool:
    """Tell whether a `WWW-Authenticate` value asks for, or goes on with, signing a connection in."""
    return _CHALLENGE.search(value) is not None


def without_credentials(lines: list[bytes]) -> list[bytes]:
    """Give header lines without `Authorization`."""
    return [line for line in lines if line[:14].lower() != b"authorization:"]
