"""Security identifiers in octets become text, and nothing else does."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.directory.fields import FIELDS
from proxy.directory.sid import spell_sid

USER = bytes.fromhex("010500000000000515000000010000000200000003000000 51040000".replace(" ", ""))


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (USER, "S-1-5-21-1-2-3-1105"),
        (bytes.fromhex("010100000000000512000000"), "S-1-5-18"),
        (bytes.fromhex("0101ffffffffffffffffffff"), "S-1-281474976710655-4294967295"),
    ],
)
def test_octets_become_text(octets, text):
    """Numbers of the authority are big-endian, those behind it little-endian."""
    assert spell_sid(octets) == text


@pytest.mark.parametrize(
    "octets",
    [b"", USER[:7], USER[:-1], USER + b"\0", b"\2" + USER[1:], b"\1\0" + USER[2:8], b"\1\4" + USER[2:], b"S-1-5-18"],
)
def test_other_octets_are_none(octets):
    """Of a wrong length, count or revision."""
    assert spell_sid(octets) == ""


@given(st.integers(0, 2**48 - 1), st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=15))
def test_each_is_one_that_the_users_file_takes(authority, numbers):
    """Whatever its numbers are."""
    octets = bytes([1, len(numbers)]) + authority.to_bytes(6, "big") + struct.pack(f"<{len(numbers)}I", *numbers)

    assert FIELDS["sid"](spell_sid(octets)) == "-".join(["S-1", str(authority), *map(str, numbers)])


@given(st.binary(max_size=80))
def test_no_octets_are_too_strange(octets):
    """Text or nothing."""
    assert spell_sid(octets) == "" or spell_sid(octets).startswith("S-1-")
