"""Promises of the fields of a user."""

import pytest

from proxy.directory.fields import FIELDS, MAX_EPOCH, BadField
from proxy.directory.phc import Costs, Phc

HASH = Phc(Costs(64, 1, 1), bytes(16), bytes(32)).spell()

GOOD = {
    "name": "LAB\\alice",
    "upn": "alice@lab.example",
    "addresses": ["a@lab.example", "b@lab.example"],
    "display": "Alice Smith (Ünit)",
    "groups": ["Staff"],
    "sid": "S-1-5-21-1-2-3-1105",
    "site": "Branch",
    "database": "DB01",
    "version": "14.3",
    "epoch": MAX_EPOCH,
    "password": HASH,
}

BAD = {
    "name": ["alice", "alice@lab", "LAB\\", "A\\b\\c", "LAB\\a@b", 7],
    "upn": ["alice", "LAB\\alice", "a@b@c", ""],
    "addresses": ["a@lab.example", [1], ["alice"], {}],
    "display": ["", " a", "a ", "a\nb", "a\u202eb", "a" * 257, True],
    "groups": ["Staff", ["a\rb"], [[]]],
    "sid": ["S-1", "1105", "S-1-5-21-", "s-1-5-21-1\n"],
    "site": ["", 1],
    "database": ["a\0"],
    "version": ["14.", "E14", 14, "14.3.1.2.5"],
    "epoch": [-1, True, 1.0, "1", MAX_EPOCH + 1],
    "password": ["secret", "", 7, HASH + "xx", HASH.replace("m=64", "m=999999999")],
}


def test_every_field_is_held_to_its_promise():
    """The tables here know each key."""
    assert list(FIELDS) == list(GOOD) == list(BAD)


@pytest.mark.parametrize("key", GOOD)
def test_a_sound_value_is_taken(key):
    """It comes back as it is written, lists as tuples."""
    wanted = tuple(GOOD[key]) if isinstance(GOOD[key], list) else GOOD[key]

    assert FIELDS[key](GOOD[key]) == wanted


@pytest.mark.parametrize(("key", "value"), [(key, each) for key, values in BAD.items() for each in values], ids=ascii)
def test_any_other_value_is_refused_in_a_sentence(key, value):
    """What is wrong is a sentence on one line."""
    with pytest.raises(BadField) as raised:
        FIELDS[key](value)

    assert raised.value.sentence.endswith(".")
    assert raised.value.sentence.isprintable()


@pytest.mark.parametrize("value", BAD["password"], ids=str)
def test_a_password_in_the_wrong_place_is_not_shown(value):
    """Whatever stands where the hash belongs stays unseen."""
    with pytest.raises(BadField) as raised:
        FIELDS["password"](value)

    told = raised.value.sentence + raised.value.cure
    assert "hash-password" in told
    assert "secret" not in told
    assert HASH[30:] not in told
