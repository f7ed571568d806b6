"""Promises of remembering what a directory told."""

import pytest

from proxy.accounts.cache import Ages, Cache
from proxy.model.accounts import Account

ALICE, BOB = Account(name="LAB\\alice"), Account(name="LAB\\bob")
AGES = Ages(fresh=60.0, unknown=10.0, stale=600.0)


@pytest.fixture
def cache() -> Cache:
    """Make one that heard of Alice at 1000."""
    made = Cache(AGES, most_found=3, most_unknown=3)
    made.put("alice", ALICE, 1000.0)
    return made


@pytest.mark.parametrize(("now", "fresh", "stale"), [(1000, 1, 1), (1059, 1, 1), (1060, 0, 1), (1600, 0, 0), (9, 0, 0)])
def test_a_user_is_known_for_the_stated_times(cache, now, fresh, stale) -> None:
    """Up to the stated age and not at it; a clock that went back makes nothing young."""
    assert (cache.fresh("lab\\ALICE", now) is ALICE, cache.stale("LAB\\alice", now) is ALICE) == (fresh, stale)


def test_only_the_canonical_name_counts(cache) -> None:
    """What was typed is nobody's key: another user may have it tomorrow."""
    assert cache.fresh("alice", 1000.0) is None


def test_the_same_account_stays_the_same_object(cache) -> None:
    """Heard again, it is as young as then; changed, it is another."""
    assert cache.put("alice", Account(name="LAB\\alice"), 1050.0) is ALICE
    assert cache.fresh("LAB\\alice", 1100.0) is ALICE

    changed = Account(name="LAB\\alice", display="Alice")
    assert cache.put("alice", changed, 1101.0) is changed
    assert cache.fresh("LAB\\alice", 1101.0) is changed


def test_nobody_is_known_for_a_while(cache) -> None:
    """Who had that name is forgotten; who gets the login is known at once."""
    cache.put_unknown("LAB\\Alice", 1000.0)

    assert cache.stale("LAB\\alice", 1000.0) is None
    assert [cache.is_unknown("lab\\alice", now) for now in (1000.0, 1009.9, 1010.0, 999.0)] == [
        True,
        True,
        False,
        False,
    ]

    cache.put("LAB\\alice", ALICE, 1001.0)
    assert not cache.is_unknown("LAB\\alice", 1001.0)


def test_who_is_there_is_due_after_half_the_time(cache) -> None:
    """Users who have gone home are not."""
    cache.put("bob", BOB, 1000.0)
    cache.fresh("LAB\\alice", 1010.0)

    assert list(cache.due(1029.0)) == []
    assert list(cache.due(1030.0)) == ["LAB\\alice"]


def test_memory_is_bounded(cache) -> None:
    """Who was used longest ago goes first; of unknown logins the oldest."""
    for number in range(2):
        cache.put("", Account(name=f"LAB\\{number}"), 1000.0)
    cache.fresh("LAB\\alice", 1000.0)
    cache.put("", BOB, 1000.0)
    for number in range(4):
        cache.put_unknown(str(number), 1000.0)

    assert [cache.fresh(f"LAB\\{name}", 1000.0) is not None for name in ("alice", "bob", "0", "1")] == [1, 1, 0, 1]
    assert [cache.is_unknown(str(number), 1000.0) for number in range(4)] == [0, 1, 1, 1]


def test_what_is_too_old_is_dropped(cache) -> None:
    """And what is not, stays."""
    cache.put("bob", BOB, 1500.0)
    cache.put_unknown("x", 1000.0)
    cache.drop_old(1600.0)

    assert cache.stale("LAB\\alice", 1500.0) is None
    assert cache.stale("LAB\\bob", 1600.0) is BOB
    assert not cache.is_unknown("x", 1001.0)
