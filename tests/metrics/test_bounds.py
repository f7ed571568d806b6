"""Labels have few values."""

import pytest

from proxy.metrics.bounds import CODE_WORDS, EXCHANGE_CODES, METHOD_WORDS


def test_methods_are_spelled_as_they_came():
    """Case counts (RFC 9110 §9.1), and none is listed twice."""
    assert all(method.decode() == word for method, word in METHOD_WORDS.items())
    assert b"get" not in METHOD_WORDS
    assert len(METHOD_WORDS) < 40


@pytest.mark.parametrize("code", [200, 302, 401, 404, 413, 431, 502, 503, 504, *EXCHANGE_CODES])
def test_statuses_that_matter_are_told_apart(code):
    """HTTP's and Exchange's."""
    assert CODE_WORDS[code] == str(code)


def test_statuses_are_few():
    """What nobody defined shares a label."""
    assert 299 not in CODE_WORDS
    assert len(CODE_WORDS) < 100
