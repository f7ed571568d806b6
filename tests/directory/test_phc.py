"""Promises of hashes as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.directory.phc import MOST, BadHash, Costs, Phc, check_costs, read_phc

GOOD = Phc(Costs(64, 1, 1), bytes(range(16)), bytes(range(32))).spell()

REFUSED = {
    "nothing": "",
    "plain text": "secret",
    "argon2i": GOOD.replace("argon2id", "argon2i"),
    "another version": GOOD.replace("v=19", "v=16"),
    "no version": GOOD.replace("$v=19", ""),
    "line break": GOOD + "\n",
    "padding": GOOD + "=",
    "another part": GOOD + "$x",
    "leading zero": GOOD.replace("m=64", "m=064"),
    "other digits": GOOD.replace("m=64", "m=\u0666\u0664"),
    "too much memory": GOOD.replace("m=64", f"m={MOST.memory_kib + 1}"),
    "huge memory": GOOD.replace("m=64", "m=4294967295"),
    "too many passes": GOOD.replace("t=1", f"t={MOST.iterations + 1}"),
    "no pass": GOOD.replace("t=1", "t=0"),
    "too many lanes": GOOD.replace("p=1", f"p={MOST.lanes + 1}"),
    "too little memory": GOOD.replace("p=1", "p=8").replace("m=64", "m=63"),
    "short salt": Phc(Costs(64, 1, 1), b"1234567", bytes(32)).spell(),
    "long salt": Phc(Costs(64, 1, 1), bytes(65), bytes(32)).spell(),
    "short hash": Phc(Costs(64, 1, 1), bytes(16), bytes(15)).spell(),
    "long hash": Phc(Costs(64, 1, 1), bytes(16), bytes(65)).spell(),
    "loose last bits": Phc(Costs(64, 1, 1), bytes(16), bytes(16)).spell()[:-1] + "B",
    "half a byte": GOOD + "AA",
}

COSTS = st.builds(Costs, st.integers(64, MOST.memory_kib), st.integers(1, MOST.iterations), st.integers(1, MOST.lanes))


def test_the_form_is_the_competitions():
    """What others write and read."""
    phc = Phc(Costs(), b"saltsaltsaltsalt", bytes(32))

    assert phc.spell() == f"$argon2id$v=19$m=65536,t=3,p=1$c2FsdHNhbHRzYWx0c2FsdA${'A' * 43}"


@given(st.builds(Phc, COSTS, st.binary(min_size=8, max_size=64), st.binary(min_size=16, max_size=64)))
def test_what_is_written_is_read(phc):
    """Every hash within the bounds survives."""
    assert read_phc(phc.spell()) == phc


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_other_texts_are_refused_without_being_shown(text):
    """Costs beyond the bounds, other forms and other spellings of the same are errors; nothing of the text is told."""
    with pytest.raises(BadHash) as raised:
        read_phc(text)

    for part in text.strip("=\n").split("$")[4:]:
        assert len(part) < 4 or part not in str(raised.value)
    assert "secret" not in str(raised.value)


@given(st.text(st.sampled_from("$argon2idv=19mtp,0123456789AB+/")))
def test_no_text_is_a_defect(text):
    """A text is a hash or BadHash is raised."""
    try:
        phc = read_phc(text)
    except BadHash:
        return

    assert phc.spell() == text


def test_costs_of_our_own_keep_the_bounds():
    """The defaults and the most are fine, anything beyond is not."""
    check_costs(Costs())
    check_costs(MOST)
    with pytest.raises(BadHash, match="lanes"):
        check_costs(MOST._replace(lanes=9))


def test_nothing_secret_is_shown():
    """Neither salt nor hash appear in what is printed of a hash."""
    assert repr(read_phc(GOOD)) == "Phc(costs=Costs(memory_kib=64, iterations=1, lanes=1), …)"
