"""Places for connections: limits in all and per client, extras that are told so, and events that do not flood."""

from proxy.events.record import Event
from proxy.front.seats import EXTRA_SEATS, SILENCE_SECONDS, Seats
from proxy.model.limits import Limits


class House:
    """Seats with a clock turned by hand."""

    def __init__(self, in_all: int, per_client: int) -> None:
        self.now = 0.0
        self.events: list[Event] = []
        limits = Limits(connections=in_all, connections_per_client=per_client)
        self.seats = Seats(limits, self.events.append, lambda: self.now, "CAS01")

    def fill(self, number: int, address: str = "192.0.2.1"):
        """Take so many seats for a client."""
        return [self.seats.take(address) for _ in range(number)]


def test_limit_is_included():
    """As many connections as the limit says are served; the next one gets an extra seat and is told 503."""
    house = House(3, 10)

    assert [seat.is_extra for seat in house.fill(4)] == [False, False, False, True]


def test_limit_of_a_client_leaves_others_alone():
    """One client over its limit does not touch another."""
    house = House(100, 2)
    house.fill(3)

    assert [seat.is_extra for seat in house.fill(2, "192.0.2.2")] == [False, False]
    assert [event.parameters for event in house.events] == [("CAS01", "192.0.2.1")]


def test_extras_are_bounded():
    """Beyond the extra seats connections are closed at once."""
    house = House(1, 10_000)
    seats = house.fill(EXTRA_SEATS + 2)

    assert seats[-1] is None
    assert None not in seats[:-1]
    assert len(house.seats.occupied) == EXTRA_SEATS + 1


def test_left_seats_are_free_again():
    """Leaving twice frees one seat; afterwards nothing of the client is remembered."""
    house = House(1, 1)
    (seat,) = house.fill(1)
    seat.leave()
    seat.leave()

    (again,) = house.fill(1)
    assert not again.is_extra
    again.leave()
    assert (house.seats.occupied, house.seats._of_client, house.seats._extras) == (set(), {}, 0)


def test_leaving_extras_frees_extras():
    """An extra seat that was left can be taken again."""
    house = House(1, 10_000)
    seats = house.fill(EXTRA_SEATS + 1)
    seats[-1].leave()

    assert house.seats.take("192.0.2.9") is not None


def test_events_do_not_flood():
    """A flood of connections is told at most once a second; `all` stands for the limit in all."""
    house = House(1, 10)
    house.fill(50)
    house.now += SILENCE_SECONDS
    house.fill(1)

    assert [(event.id, event.parameters) for event in house.events] == [(1014, ("CAS01", "all"))] * 2


def test_new_limits_hold_at_once():
    """A reload's limits hold for the next connection."""
    house = House(1, 10)
    house.fill(1)
    house.seats.limits = Limits(connections=2)

    assert not house.seats.take("192.0.2.1").is_extra
