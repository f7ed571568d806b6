"""Reads security identifiers as directories keep them; what they are for is `message`'s.

Source: MS-DTYP, section 2.4.2: a revision, a count, six octets of authority, then little-endian numbers of four octets.
"""

import struct

_HEAD = 8
_LARGEST_COUNT = 15


def spell_sid(octets: bytes) -> str:
    """Write the octets as text, `S-1-5-21-1-2-3-1105`; empty when they are no security identifier."""
    if len(octets) < _HEAD:
        return ""
    revision, count = octets[0], octets[1]
    if revision != 1 or not 1 <= count <= _LARGEST_COUNT or len(octets) != _HEAD + 4 * count:
        return ""
    authority = int.from_bytes(octets[2:_HEAD], "big")
    return "-".join(map(str, ("S", revision, authority, *struct.unpack(f"<{count}I", octets[_HEAD:]))))
