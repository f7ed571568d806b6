"""Following events: each is told once and in order, over breaks and restarts of the proxy."""

import json
import threading
from collections.abc import Callable
from typing import Self

import pytest

from proxy.admin.answers import Status
from proxy.cli.admin_client import Admin
from proxy.cli.admin_place import AdminFault, Place
from proxy.cli.events_follow import PAUSES, Follow
from proxy.cli.events_query import Wish
from proxy.events.catalogue import CATALOGUE
from proxy.events.record import Event
from tests.admin_double import DoubleState
from tests.admin_running import RunningAdmin, running_admin


class EnoughError(Exception):
    """The test has seen what it waited for."""


class Following:
    """Someone who follows in a thread, and what was told."""

    def __init__(self, running: RunningAdmin, **wish: object) -> None:
        self.running = running
        self.written: list[bytes] = []
        self.pauses: list[float] = []
        self.on_pause: Callable[[], None] = lambda: None
        self.fault: Exception | None = None
        self._is_over = False
        host, _, port = running.address.rpartition(":")
        admin = Admin(Place(host=host, port=int(port), name="proxy", token=running.state.token), 5.0)
        whole = {"format": "json", "filters": {}, "bounds": {}, **wish}
        self._follow = Follow(admin, Wish(**whole), self.written.append, self._pause)
        self._thread = threading.Thread(target=self._run, name="follower")

    def __enter__(self) -> Self:
        self._thread.start()
        self.until_connected()
        return self

    def __exit__(self, *_fault: object) -> None:
        self._is_over = True
        self.running.stop()  # and so there is a pause, which ends it
        self._thread.join(10)
        assert not self._thread.is_alive()

    @property
    def told(self) -> list[str]:
        """What marks the events so far."""
        return [json.loads(each)["http.request.id"] for each in self.written]

    def until_connected(self) -> None:
        """Wait until it follows."""
        self.running.until(lambda: self.running.followers == 1, f"it does not follow: {self.fault}")

    def until_told(self, *codes: str) -> None:
        """Wait until exactly these were told."""
        self.running.until(lambda: len(self.written) >= len(codes), f"told: {self.written}")
        assert self.told == list(codes)

    def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if self._is_over:
            raise EnoughError
        self.on_pause()

    def _run(self) -> None:
        try:
            self._follow.run()
        except EnoughError:
            pass
        except AdminFault as fault:
            self.fault = fault


@pytest.fixture
def running():
    """Run a listener to which eleven things have happened."""
    with running_admin() as it:
        happen(it, *EARLIER)
        yield it


EARLIER = [f"a{number}" for number in range(1, 12)]


def make(mark: str, number: int = 43, site: str = "Branch") -> Event:
    """Make an event; the request's id marks it."""
    parameters = tuple("x" for _ in CATALOGUE[number].parameters)
    return Event(id=number, parameters=parameters, site=site, request_id=mark)


def happen(running: RunningAdmin, *marks: str, number: int = 43, site: str = "Branch") -> None:
    """Let events happen."""
    for mark in marks:
        running.do(lambda mark=mark: running.state.emit(make(mark, number, site)))


def test_the_last_ten_then_each_as_it_comes(running):
    """As `tail -f` does."""
    with Following(running) as following:
        following.until_told(*EARLIER[1:])
        happen(running, "b")
        following.until_told(*EARLIER[1:], "b")


@pytest.mark.parametrize(
    ("wish", "marks"),
    [
        ({"bounds": {"after": 9}}, ["a10", "a11", "b", "c"]),
        ({"bounds": {"limit": 1}}, ["a11", "b", "c"]),
        ({"bounds": {"since": "2100-01-01T00:00:00Z"}}, ["b", "c"]),
        ({"filters": {"id": "39,40"}}, ["b"]),
        ({"filters": {"site": "branch"}, "bounds": {"limit": 2}}, ["a10", "a11", "b"]),
        ({"filters": {"site": "HQ"}}, ["c"]),
    ],
)
def test_which_ones(running, wish, marks):
    """Bounds are for those that have happened, filters for all."""
    with Following(running, **wish) as following:
        happen(running, "b", number=39)
        happen(running, "c", site="HQ")
        following.until_told(*marks)


def test_other_formats_are_the_proxys(running):
    """Each event is asked for in the format that was wanted."""
    with Following(running, format="rfc5424", bounds={"limit": 1}) as following:
        happen(running, "b", number=39)
        running.until(lambda: len(following.written) == 2, "two were not told")
    assert [b" 39 [casproxy@32473 " in each for each in following.written] == [False, True]
    assert all(each.endswith(b"\n") for each in following.written)


def test_an_event_that_is_not_kept_any_more_is_said(running, capsys):
    """So many came that its other form is gone; the next ones are told."""
    with Following(running, format="text", bounds={"limit": 1}) as following:
        find, state = running.state.kept.find, running.state.kept
        state.find = lambda number: None if number == 12 else find(number)
        happen(running, "b", "c")
        running.until(lambda: len(following.written) == 2, "two were not told")
    assert b"request c" in following.written[1]
    assert "There is no event 12, or it is not kept any more." in capsys.readouterr().err


def test_a_break_loses_nothing_and_repeats_nothing(running, capsys):
    """What happened meanwhile is told after it, once; that there was a break is said once."""
    with Following(running, bounds={"limit": 1}) as following:
        following.on_pause = lambda: happen(running, "b")
        running.cut()
        following.until_told("a11", "b")
        following.until_connected()
        happen(running, "c")
        following.until_told("a11", "b", "c")
    err = capsys.readouterr().err
    assert following.pauses[0] == PAUSES[0]
    assert err.count("Trying again.") == 2  # the break, and the end of this test
    assert err.count("connected again.") == 1


def test_a_restart_begins_anew(running, capsys):
    """Numbers start again at 1: everything of the new run is told, also when it has more events already."""

    class Anew(DoubleState):
        async def status(self) -> Status:
            status = await super().status()
            return Status(**{**{name: getattr(status, name) for name in status.__struct_fields__}, "started_at": "x"})

    anew = Anew()
    marks = [f"n{number}" for number in range(20)]
    for mark in marks:
        anew.emit(make(mark))
    with Following(running, bounds={"limit": 1}) as following:
        following.on_pause = lambda: running.restart(anew)
        running.cut()
        following.until_told("a11", *marks)
    assert "the proxy was started anew." in capsys.readouterr().err


def test_a_proxy_that_is_away_is_waited_for(running):
    """Longer and longer, and at last every five seconds."""
    with Following(running, bounds={"limit": 1}) as following:
        following.on_pause = lambda: running.start() if len(following.pauses) == 6 else None
        running.stop()
        running.until(lambda: len(following.pauses) >= 6, "it gave up")
        following.until_connected()
        happen(running, "c")
        following.until_told("a11", "c")
    assert following.pauses[:6] == [0.5, 1.0, 2.0, 5.0, 5.0, 5.0]


def test_a_proxy_that_says_no_is_not_asked_again(running):
    """Another token cannot be guessed."""
    running.state.guarded_reads = True
    with Following(running) as following:
        running.state.token = "another"
        running.cut()
        running.until(lambda: following.fault is not None, "it goes on")
    assert "another one" in str(following.fault)


def test_nobody_there_at_first(running):
    """The first attempt is the only one: the address is probably wrong."""
    following = Following(running)
    running.stop()

    with pytest.raises(AdminFault, match="did not answer"):
        following._follow.run()
