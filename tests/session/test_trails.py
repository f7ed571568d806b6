"""What is remembered of failures stays within its room, and what matters stays longest."""

from hypothesis import given
from hypothesis import strategies as st

from proxy.session.trails import REMEMBERED, Key, Rank, Trail, Trails

RANKS = {rank: [(f"{rank.name}{number}", "") for number in range(20)] for rank in Rank}


def names(trails: Trails, rank: Rank) -> list[Key]:
    """List the keys of a rank that are still there."""
    return [key for key in RANKS[rank] if trails.find(key)]


def put_all(trails: Trails, rank: Rank, count: int) -> None:
    """Put some trails of a rank."""
    for key in RANKS[rank][:count]:
        trails.put(key, Trail(), rank)


def test_faint_ones_go_first_the_oldest_before_the_newest() -> None:
    """A flood of faint trails replaces itself."""
    trails = Trails(8)
    put_all(trails, Rank.STOPPED, 2)
    put_all(trails, Rank.SLOWED, 2)
    put_all(trails, Rank.FAINT, 20)

    assert names(trails, Rank.STOPPED) == RANKS[Rank.STOPPED][:2]
    assert names(trails, Rank.SLOWED) == RANKS[Rank.SLOWED][:2]
    assert names(trails, Rank.FAINT) == RANKS[Rank.FAINT][16:]
    assert len(trails) == 8


def test_a_quarter_is_for_newcomers() -> None:
    """A table full of slowed trails gives up the oldest of them to see newcomers, but no stopped one."""
    trails = Trails(8)
    put_all(trails, Rank.STOPPED, 2)
    put_all(trails, Rank.SLOWED, 6)
    put_all(trails, Rank.FAINT, 20)

    assert names(trails, Rank.STOPPED) == RANKS[Rank.STOPPED][:2]
    assert names(trails, Rank.SLOWED) == RANKS[Rank.SLOWED][2:6]
    assert names(trails, Rank.FAINT) == RANKS[Rank.FAINT][18:]


def test_stopped_ones_go_only_for_stopped_ones() -> None:
    """Where all are stopped, newcomers find no room; a newer stop takes the place of the oldest."""
    trails = Trails(4)
    put_all(trails, Rank.STOPPED, 4)
    put_all(trails, Rank.FAINT, 5)
    put_all(trails, Rank.SLOWED, 5)
    assert names(trails, Rank.STOPPED) == RANKS[Rank.STOPPED][:4]

    put_all(trails, Rank.STOPPED, 5)
    assert names(trails, Rank.STOPPED) == RANKS[Rank.STOPPED][1:5]


def test_a_key_has_one_trail() -> None:
    """Putting it under another rank moves it."""
    trails, key, trail = Trails(0), ("a", ""), Trail()
    for rank in Rank:
        trails.put(key, trail, rank)
        assert trails.find(key) is trail
        assert len(trails) == 1

    trails.drop(key)
    assert trails.find(key) is None
    trails.drop(key)


def test_a_trail_ages() -> None:
    """Old failures and old open tries stop counting, each at its own age; what is kept is bounded."""
    trail = Trail()
    trail.failures.extend([1.0, 2.0, 3.0])
    trail.open.extend([1.0, 5.0])

    trail.age(2.0, 1.0)
    assert (list(trail.failures), list(trail.open), trail.is_empty) == ([3.0], [5.0], False)
    trail.age(3.0, 5.0)
    assert trail.is_empty
    trail.failures.extend([1.0] * 1000)
    assert len(trail.failures) == REMEMBERED


@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from(Rank)), max_size=60), st.integers(1, 10))
def test_the_room_is_never_left(puts: list[tuple[int, Rank]], capacity: int) -> None:
    """Whatever comes in whatever order: never more than fit, and no stopped one lost while there is another."""
    trails = Trails(capacity)
    stopped: set[Key] = set()
    for number, rank in puts:
        key = (str(number), "")
        stopped.discard(key)
        if rank is Rank.STOPPED:
            stopped.add(key)
        trails.put(key, Trail(), rank)
        assert len(trails) <= capacity
        assert sum(trails.find(each) is not None for each in stopped) == min(len(stopped), capacity)
        stopped = {each for each in stopped if trails.find(each)}
