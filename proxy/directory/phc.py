"""Hashes of passwords as text, in the form of the Password Hashing Competition; hashing is left to `accounts`.

`$argon2id$v=19$m=65536,t=3,p=1$SALT$HASH`, both in base64 without padding. What a file asks for is bounded, so that no
hash in it can eat the machine's memory or time.
"""

import base64
import binascii
import re
from typing import NamedTuple


class Costs(NamedTuple):
    """What one try at a password costs."""

    memory_kib: int = 65_536
    """KiB of memory."""
    iterations: int = 3
    """Passes over it."""
    lanes: int = 1
    """Parts that can be computed at once."""


MOST = Costs(memory_kib=262_144, iterations=16, lanes=8)
"""The most that is accepted of each."""
MEMORY_OF_A_LANE = 8
"""KiB that each lane needs at least. Source: RFC 9106 section 3.1."""
SALT_BYTES = range(8, 65)
"""Lengths of a salt."""
DIGEST_BYTES = range(16, 65)
"""Lengths of a hash."""

_NUMBER = "(0|[1-9][0-9]{0,9})"
_SHAPE = re.compile(
    rf"\$argon2id\$v=19\$m={_NUMBER},t={_NUMBER},p={_NUMBER}\$([A-Za-z0-9+/]{{1,128}})\$([A-Za-z0-9+/]{{1,128}})",
    re.ASCII,
)


class BadHash(Exception):
    """A text is no hash that can be used; `str()` says why and shows nothing of it."""


class Phc(NamedTuple):
    """A hash, taken apart."""

    costs: Costs
    """What making it cost."""
    salt: bytes
    """Random bytes."""
    digest: bytes
    """The hash itself."""

    def __repr__(self) -> str:
        """Show what is no secret."""
        return f"Phc(costs={self.costs!r}, …)"

    def spell(self) -> str:
        """Write it as text."""
        memory, iterations, lanes = self.costs
        parts = (f"m={memory},t={iterations},p={lanes}", _encode(self.salt), _encode(self.digest))
        return "$".join(("", "argon2id", "v=19", *parts))


def check_costs(costs: Costs) -> None:
    """Hold costs against the bounds.

    Raises: BadHash.
    """
    for word, value, most in zip(("memory (m)", "iterations (t)", "lanes (p)"), costs, MOST, strict=True):
        if not 1 <= value <= most:
            raise BadHash(f"Its {word} must be from 1 to {most}.")
    if costs.memory_kib < MEMORY_OF_A_LANE * costs.lanes:
        raise BadHash(f"Its memory (m) must be at least {MEMORY_OF_A_LANE} KiB for each of its lanes (p).")


def read_phc(text: str) -> Phc:
    """Take a text apart.

    Raises: BadHash.
    """
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise BadHash("It is no Argon2id hash.")
    memory, iterations, lanes = map(int, found.groups()[:3])
    costs = Costs(memory, iterations, lanes)
    check_costs(costs)
    salt, digest = _decode(found[4]), _decode(found[5])
    if len(salt) not in SALT_BYTES or len(digest) not in DIGEST_BYTES:
        raise BadHash("Its salt or its hash is too short or too long.")
    return Phc(costs, salt, digest)


def _encode(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii").rstrip("=")


def _decode(text: str) -> bytes:
    """Decode base64 without padding; only the one spelling of each value is taken."""
    try:
        octets = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        octets = b""
    if _encode(octets) != text:
        raise BadHash("Its salt or its hash is no base64.")
    return octets
