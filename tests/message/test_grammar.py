"""The byte sets are those of the standard."""

import string

import pytest

from proxy.message.grammar import TARGET, TEXT, TOKEN, VISIBLE, list_elements, pseudonym_of


def test_a_token_is_what_rfc_9110_says():
    """Letters, digits and fifteen signs; no delimiter, no white space, nothing above ASCII."""
    allowed = (string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~").encode()

    assert bytes(octet for octet in range(256) if TOKEN.fullmatch(bytes([octet]))) == bytes(sorted(allowed))
    assert not TOKEN.fullmatch(b"")


def test_text_is_everything_but_control_bytes():
    """Tab and bytes above ASCII pass; NUL, CR, LF, ESC and DEL do not."""
    assert set(range(256)) - set(TEXT) == ({*range(0x20)} - {0x09}) | {0x7F}


def test_a_target_has_no_fragment_and_no_space():
    """`|` and quotes pass as browsers send them; `#` never does."""
    assert set(VISIBLE) == set(range(0x21, 0x7F))
    assert set(VISIBLE) - set(TARGET) == {ord("#")}


@pytest.mark.parametrize(
    ("values", "elements"),
    [
        ([], []),
        ([b""], []),
        ([b"Close"], [b"close"]),
        ([b" a ,\tB,, c "], [b"a", b"b", b"c"]),
        ([b"a", b"b, a"], [b"a", b"b", b"a"]),
    ],
)
def test_lists_are_split_and_empty_elements_vanish(values, elements):
    """`Connection: , a,,` and two fields mean the same as one list."""
    assert list_elements(values) == elements


@pytest.mark.parametrize(
    ("first_server", "pseudonym"),
    [
        ("cas01.hq.example", b"cas01.hq.example"),
        ("cas 01,(x)\r\n", b"cas-01--x---"),
        ("größe", b"gr--e"),
        ("", b"casproxy"),
    ],
)
def test_the_pseudonym_is_always_a_token(first_server, pseudonym):
    """No name of ours can break `Via`."""
    assert pseudonym_of(first_server) == pseudonym
    assert TOKEN.fullmatch(pseudonym_of(first_server))
