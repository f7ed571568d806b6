"""Promises of the events that are kept in memory."""

import pickle
from dataclasses import replace
from datetime import timedelta

import pytest

from proxy.events.record import Event
from proxy.sinks.recent import Recent
from tests.handmade import CLOSED, OPEN


def filled(count=10, capacity=100):
    """Keep events: numbers 43 and 1043 in turn, sites A, B and C in turn, one a second."""
    recent = Recent(capacity)
    for number in range(count):
        recent.write(Event(id=(43, 1043)[number % 2], site="ABC"[number % 3]), float(number))
    return recent


def numbers(kept):
    """Give the numbers of events."""
    return [each.sequence for each in kept]


def test_events_are_numbered_and_stamped():
    """From 1 on, in the order in which they came."""
    recent = filled(3)

    assert [(each.sequence, each.at, each.event.id) for each in recent.query()] == [
        (1, 0.0, 43),
        (2, 1.0, 1043),
        (3, 2.0, 43),
    ]
    assert (recent.last, Recent().last) == (3, 0)


def test_only_the_last_are_kept():
    """The oldest make room; numbers go on."""
    recent = filled(10, capacity=4)

    assert numbers(recent.query()) == [7, 8, 9, 10]
    assert recent.last == 10


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ({"ids": {43}}, [1, 3, 5, 7, 9]),
        ({"ids": {43, 1043}, "site": "B"}, [2, 5, 8]),
        ({"site": "nowhere"}, []),
        ({"since": 7.0}, [8, 9, 10]),
        ({"until": 1.0}, [1, 2]),
        ({"since": 2.0, "until": 2.0}, [3]),
        ({"limit": 2}, [9, 10]),
        ({"limit": 0}, []),
        ({"limit": 2, "ids": [43]}, [7, 9]),
        ({"after": 3, "limit": 2}, [4, 5]),
        ({"after": 3, "limit": 2, "ids": [43]}, [5, 7]),
        ({"after": 10}, []),
        ({"after": 99}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    ],
)
def test_questions_are_answered(question, expected):
    """By number, site and time; the newest of too many, or those that follow a number."""
    assert numbers(filled().query(**question)) == expected


def test_who_fell_behind_gets_what_is_left():
    """After a number that is no longer kept come all that are."""
    assert numbers(filled(10, capacity=4).query(after=2)) == [7, 8, 9, 10]
    assert Recent().query(after=2) == []


def test_one_event_can_be_found():
    """By its number, while it is kept."""
    recent = filled(10, capacity=4)

    assert [recent.find(number) for number in (0, 6, 11)] == [None, None, None]
    assert numbers(map(recent.find, (7, 10))) == [7, 10]


def test_followers_hear_every_event_until_they_leave():
    """At once and each once; leaving twice does no harm, nor does leaving while being told."""
    recent = Recent()
    heard, other = [], []
    leave = recent.subscribe(lambda kept: (heard.append(kept.sequence), leave()))
    recent.subscribe(other.append)
    recent.write(Event(id=43), 0.0)
    recent.write(Event(id=43), 1.0)
    leave()

    assert (heard, numbers(other)) == ([1], [1, 2])


def test_equal_chains_are_kept_once():
    """A flood of refusals costs one chain of certificates in memory, not ten thousand; each verdict keeps its time."""
    recent = Recent()
    later = OPEN.at + timedelta(seconds=1)
    for verdict in (OPEN, again(OPEN, later), CLOSED, CLOSED, again(CLOSED, later)):
        recent.write(Event(id=43, server="cas02", verdict=verdict), 0.0)
    kept = [each.event.verdict for each in recent.query()]

    assert kept == [OPEN, replace(OPEN, at=later), CLOSED, CLOSED, replace(CLOSED, at=later)]
    assert kept[0].path is kept[1].path
    assert kept[2].path is kept[3].path is kept[4].path


def again(verdict, at):
    """Give an equal verdict of another time that shares nothing with the first, as from another process."""
    return replace(pickle.loads(pickle.dumps(verdict)), at=at)


def test_ever_new_servers_do_not_fill_the_memory():
    """The verdicts that are remembered for sharing are bounded."""
    recent = Recent(10)
    for number in range(1000):
        recent.write(Event(id=43, server=f"cas{number}", verdict=replace(OPEN)), 0.0)

    assert len(recent._verdicts) <= 256


def test_the_timer_and_the_end_do_nothing():
    """What is kept stays."""
    recent = filled(3)
    recent.tick(9.0)
    recent.close(9.0)

    assert numbers(recent.query()) == [1, 2, 3]
