"""Where a request came from is said by us; strangers' claims about it are forgotten."""

from typing import NamedTuple

import pytest

from proxy.message.forwarded import MAX_LEGS, Leg, Trail, names_us

LEG = Leg(b"192.0.2.7", peer_trusted=False, host=b"cas02.corp.example", trust=b"trusted")


class Claims(NamedTuple):
    """What a request says."""

    authority: bytes = b"mail.example"
    via: list[bytes] = []  # noqa: RUF012 - never changed
    forwarded: list[bytes] = []  # noqa: RUF012
    forwarded_for: list[bytes] = []  # noqa: RUF012


CLAIMED = Claims(via=[b"1.1 edge", b""], forwarded=[b"for=10.0.0.1", b""], forwarded_for=[b"10.0.0.1, 10.0.0.2", b""])


def lines(received: Claims, leg: Leg = LEG, minor: int = 1) -> dict[bytes, list[bytes]]:
    """Compose the lines of a leg; gives their values by name."""
    start, ours = Trail(b"cas01").lines(minor, received, leg)
    assert start == b" HTTP/1.1\r\nHost: " + leg.host + b"\r\n"
    assert ours.endswith(b"\r\n")
    values: dict[bytes, list[bytes]] = {}
    for line in ours[:-2].split(b"\r\n"):
        name, _, value = line.partition(b": ")
        values.setdefault(name, []).append(value)
    return values


def test_a_stranger_is_described_by_us_alone():
    """Its own Forwarded and X-Forwarded-For are gone; Via is a chain and stays."""
    assert lines(CLAIMED) == {
        b"Via": [b"1.1 edge", b"1.1 cas01"],
        b"Forwarded": [b"for=192.0.2.7;host=mail.example;proto=https"],
        b"X-Forwarded-For": [b"192.0.2.7"],
        b"X-Forwarded-Proto": [b"https"],
        b"X-Forwarded-Host": [b"mail.example"],
        b"X-CASProxy-Trust": [b"trusted"],
    }


def test_a_trusted_peers_words_are_extended():
    """Ours come last, empty values vanish."""
    values = lines(CLAIMED, LEG._replace(peer_trusted=True))

    assert values[b"Forwarded"] == [b"for=10.0.0.1, for=192.0.2.7;host=mail.example;proto=https"]
    assert values[b"X-Forwarded-For"] == [b"10.0.0.1, 10.0.0.2, 192.0.2.7"]


@pytest.mark.parametrize(
    ("peer", "authority", "element"),
    [
        (b"2001:db8::1", b"mail.example", b'for="[2001:db8::1]";host=mail.example;proto=https'),
        (b"fe80::1%eth0", b"mail.example", b'for="[fe80::1]";host=mail.example;proto=https'),
        (b"192.0.2.7", b"mail.example:8443", b'for=192.0.2.7;host="mail.example:8443";proto=https'),
        (b"192.0.2.7", b"[::1]", b'for=192.0.2.7;host="[::1]";proto=https'),
    ],
)
def test_what_is_no_token_is_quoted(peer, authority, element):
    """RFC 7239: IPv6 in brackets and quotes, without its zone; ports in quotes."""
    assert lines(Claims(authority), LEG._replace(peer=peer))[b"Forwarded"] == [element]


def test_via_says_which_version_was_received():
    """HTTP/1.0 is told apart."""
    assert lines(Claims(), minor=0)[b"Via"] == [b"1.0 cas01"]


@pytest.mark.parametrize("field", ["peer", "host", "trust"])
@pytest.mark.parametrize("value", [b"", b"a\r\nX: y", b"\x00"])
def test_a_leg_that_would_break_the_head_is_a_defect(field, value):
    """Nothing of ours can split a head either."""
    with pytest.raises(ValueError, match="leg"):
        Trail(b"cas01").lines(1, Claims(), LEG._replace(**{field: value}))


def test_legs_are_remembered_but_not_without_bound():
    """The same lines are made once; at the limit the table starts anew."""
    trail = Trail(b"cas01")
    first = trail.lines(1, Claims(), LEG)
    assert trail.lines(1, Claims(), LEG) is first
    for number in range(MAX_LEGS):
        trail.lines(1, Claims(), LEG._replace(peer=b"%d" % number))

    assert len(trail._known) <= MAX_LEGS
    assert trail.lines(1, Claims(), LEG) == first


def test_who_signed_in_is_told_and_not_remembered():
    """Lines about the user may hold a password, which ends with the session."""
    trail = Trail(b"cas01")
    line = b"Authorization: Basic c2VjcmV0\r\n"
    start, ours = trail.lines(1, Claims(), LEG._replace(identity=line))

    assert (start, ours) == (trail.lines(1, Claims(), LEG)[0], trail.lines(1, Claims(), LEG)[1] + line)
    assert "c2VjcmV0" not in repr(trail._known)


def test_one_peers_claims_are_never_anothers():
    """What was claimed once is not remembered."""
    trail = Trail(b"cas01")
    trail.lines(1, CLAIMED, LEG._replace(peer_trusted=True))

    assert b"10.0.0.1" not in trail.lines(1, Claims(), LEG._replace(peer_trusted=True))[1]


@pytest.mark.parametrize(
    ("values", "ours"),
    [
        ([], False),
        ([b"1.1 cas01"], True),
        ([b"1.0 edge, HTTP/1.1 CAS01 (x)"], True),
        ([b"1.1 edge", b"1.1\tcas01(comment)"], True),
        ([b" , 1.1  cas01"], True),
        ([b"1.1 cas010"], False),
        ([b"1.1 xcas01"], False),
        ([b"1.1 edge (cas01)"], False),
        ([b"cas01"], False),
        ([b"1.1 cas01:443"], False),
    ],
)
def test_our_own_name_in_via_is_recognised(values, ours):
    """In any case, in any field and element, with a comment or without."""
    assert names_us(values, b"cas01") is ours
