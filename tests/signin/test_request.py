"""A request is read as far as the gate needs it, whatever stands in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.signin.request import MAX_QUERY_FIELDS
from tests.gatehouse import head, read


def asked(target: bytes, *fields: bytes):
    """Read a request."""
    return read(head(b"", target, *fields))


def test_the_first_field_counts():
    """Names in any case; without one there is nothing."""
    request = asked(b"/owa/", b"ACCEPT: a", b"Accept: b")

    assert (request.field(b"accept"), request.field(b"origin")) == (b"a", b"")


@pytest.mark.parametrize(
    ("query", "value"),
    [
        (b"url=/owa/", "/owa/"),
        (b"a=b&url=%2Fowa%2F&url=x", "/owa/"),
        (b"url=a+b%2bc", "a b+c"),
        (b"url=%252F", "%2F"),
        (b"url=a=b", "a=b"),
        (b"url", ""),
        (b"URL=x", ""),
        (b"", ""),
        (b"url=%ff", "\ufffd"),
        (b"&" * (MAX_QUERY_FIELDS - 1) + b"url=x", "x"),
        (b"&" * MAX_QUERY_FIELDS + b"url=x", ""),
    ],
)
def test_the_first_value_of_a_query_counts(query, value):
    """Decoded once; far behind nobody looks."""
    assert asked(b"/owa/?" + query).query_value("url") == value


def test_the_query_stands_as_it_came():
    """Without its mark."""
    assert (asked(b"/owa/?a=%2f?b").query, asked(b"/owa/").query) == ("a=%2f?b", "")


@given(st.binary(max_size=60))
def test_any_query_can_be_asked(query):
    """Nothing raises."""
    request = asked(b"/owa/")
    request = request._replace(facts=request.facts._replace(target=b"/owa/?" + query))

    assert isinstance(request.query_value("url"), str)
