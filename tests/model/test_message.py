"""Heads and framings are plain values."""

from proxy.model import message
from proxy.model.message import BodyKind, Framing, RequestHead, ResponseHead


def test_a_head_keeps_order_case_and_duplicates():
    """Fields are a list of pairs, not a mapping."""
    fields = [(b"B", b"1"), (b"a", b"2"), (b"B", b"3")]

    assert RequestHead(b"GET", b"/", 1, fields).fields == fields
    assert ResponseHead(200, b"OK", 1, fields).fields == fields


def test_the_kinds_of_a_body_stand_by_themselves():
    """The bare names are the members they are named after."""
    assert {name: getattr(message, name) for name in BodyKind.__members__} == dict(BodyKind.__members__)


def test_framings_compare_by_value():
    """Two framings that say the same are equal."""
    assert Framing(BodyKind.LENGTH, 3) == Framing(BodyKind.LENGTH, 3)
