"""Chooses the order in which a request tries the servers of its site, for sites of several; going there is `seek`'s."""

from zlib import crc32

from proxy.health.balance import begin
from proxy.relay.equipment import Destination
from proxy.relay.state import ExchangeState
from proxy.routing.passage import Ring

RING, ROUND_ROBIN, LEAST_CONNECTIONS = "ring", "round_robin", "least_connections"
SESSION, CLIENT = "session", "client"
"""Words of `balance` and `affinity`."""


def order_for(exchange: ExchangeState, servers: tuple[Destination, ...]) -> tuple[Destination, ...]:
    """Give the servers in the order to try them; empty: none works, and this request may try none.

    A session stays where it is as long as that server works; where it moves to, it stays.
    """
    assert exchange.decision is not None
    site, equipment = exchange.decision.site, exchange.equipment
    ring = exchange.passage.ring if exchange.passage is not None and site.affinity == SESSION else None
    if ring is not None and (ring.is_placed or site.balance == RING):
        head = ring.head
    elif site.balance == RING:
        head = 0
    else:
        head = _begin(exchange, servers, ring)
    order = equipment.health.order(servers, head, equipment.ticks.now)
    if ring is not None and order and not (ring.is_placed and servers[ring.head % len(servers)] is order[0]):
        ring.head = next(at for at, each in enumerate(servers) if each is order[0])
        ring.is_placed = True
    return order


def _begin(exchange: ExchangeState, servers: tuple[Destination, ...], ring: Ring | None) -> int:
    """Give where something begins that is at no server yet."""
    assert exchange.decision is not None
    site, equipment = exchange.decision.site, exchange.equipment
    if site.affinity == CLIENT:
        turn = crc32(exchange.browser.peer)
    elif ring is not None and site.balance == ROUND_ROBIN:
        turn = ring.seed
    else:
        turn = equipment.health.take_turn(site.name)
    return begin(servers, turn, equipment.ticks.now, _busy if site.balance == LEAST_CONNECTIONS else None)


def _busy(destination: Destination) -> int:
    """Count the requests that a server is at work on, and those that wait for a connection to it."""
    return destination.pool.demand
