"""Ended sessions stay ended until their cookies are over, through restarts and with bounded memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.session.revoked import Revoked


def name(number: int) -> str:
    """Give the id of a session."""
    return f"{number:032x}"


def test_an_id_is_remembered_until_its_moment() -> None:
    """Ended means ended; afterwards the cookie is over by itself and the id is let go."""
    revoked = Revoked()
    revoked.add(name(1), 100.0)
    revoked.add(name(2), 200.0)

    assert revoked.has(name(1), 99.9)
    assert revoked.has(name(1))
    assert not revoked.has(name(3), 99.9)
    assert not revoked.has(name(1), 100.0)
    assert revoked.has(name(2), 100.0)
    assert len(revoked) == 1


def test_the_longer_moment_counts() -> None:
    """Ending a session twice never shortens the memory."""
    revoked = Revoked()
    for until in (100.0, 300.0, 200.0, float("nan")):
        revoked.add(name(1), until)
    revoked.add(name(2), 250.0)

    assert revoked.has(name(1), 299.9)
    assert not revoked.has(name(2), 299.9)
    assert not revoked.has(name(1), 300.0)


def test_the_memory_is_bounded() -> None:
    """The one that is over soonest goes first."""
    revoked = Revoked(capacity=3)
    for number in (5, 1, 4, 2, 3):
        revoked.add(name(number), 100.0 + number)

    assert [number for number in range(1, 6) if revoked.has(name(number), 50.0)] == [3, 4, 5]


def test_prolonging_for_ever_takes_no_room() -> None:
    """Leftovers of an id that is prolonged again and again are cleared."""
    revoked = Revoked(capacity=4)
    for number in range(1000):
        revoked.add(name(1), 100.0 + number)

    assert len(revoked._queue) <= 8
    assert revoked.has(name(1), 1098.0)
    assert not revoked.has(name(1), 1099.0)


@given(st.dictionaries(st.integers(0, 2**128 - 1).map(name), st.integers(1, 10**10).map(float), max_size=20))
def test_a_dump_brings_everything_back(entries: dict[str, float]) -> None:
    """Nothing is lost and nothing is damaged on the way."""
    revoked, restored = Revoked(), Revoked()
    for each, until in entries.items():
        revoked.add(each, until)

    assert restored.load(revoked.dump()) == 0
    assert len(restored) == len(entries)
    assert all(restored.has(each, until - 1.0) for each, until in sorted(entries.items(), key=lambda pair: pair[1]))


def test_loading_adds() -> None:
    """What was ended since stays ended."""
    revoked = Revoked()
    revoked.add(name(1), 100.0)
    other = Revoked()
    other.add(name(2), 100.0)

    revoked.load(other.dump())

    assert revoked.has(name(1))
    assert revoked.has(name(2))


@pytest.mark.parametrize(
    "line",
    [
        "x", "casproxy revoked 2", "0" * 32, "0" * 31 + " 5", "A" * 32 + " 5", "0" * 32 + " -5", "0" * 32 + " nan",
        "0" * 32 + " inf", "0" * 32 + " 1e9", "0" * 32 + "  5", "0" * 32 + " 5 ", "0" * 32 + " " + "9" * 13, "\x00", "",
        "0" * 32 + " \u0665",
    ],
)  # fmt: skip
def test_damaged_lines_are_skipped_and_counted(line: str) -> None:
    """One bad line costs itself, not the others."""
    revoked = Revoked()
    good = Revoked()
    good.add(name(1), 100.0)
    good.add(name(2), 100.0)
    heading, first, second, _ = good.dump().split("\n")

    assert revoked.load(f"{heading}\n{first}\n{line}\n{second}\n") == 1
    assert len(revoked) == 2


@given(st.text())
def test_no_text_harms_the_memory(text: str) -> None:
    """Whatever the file holds, loading goes on."""
    revoked = Revoked(capacity=2)
    revoked.add(name(1), 100.0)

    assert revoked.load(text) >= 0
    assert revoked.has(name(1), 50.0)
