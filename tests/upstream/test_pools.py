"""All pools together: found by server and policy, kept while the policy stays, closed as one."""

from dataclasses import replace

import pytest

from proxy.errors import UpstreamBusy
from proxy.message.response import ResponseReader
from proxy.model.clock import Ticks
from proxy.model.limits import Limits, Timeouts
from proxy.model.sites import TrustPolicy
from proxy.upstream.pool import Supplies
from proxy.upstream.pools import Pools
from tests.fakes import NOW, FakeDialer, FakeLessee, make_server, settle


def key(number: int = 2, generation: int = 0):
    """Server and policy."""
    return make_server(number), TrustPolicy(generation=generation)


async def arranged(*keys, dialer: FakeDialer | None = None) -> Pools:
    """Make pools for these keys."""
    pools = Pools(Supplies((dialer or FakeDialer()).dial, Ticks(NOW), ResponseReader("CAS01")))
    pools.arrange(dict.fromkeys(keys, (Timeouts(), Limits())))
    pools.retire_unwanted()
    return pools


async def test_only_the_table_chooses_an_address():
    """There is no pool for a server or a policy that was not arranged."""
    pools = await arranged(key())

    with pytest.raises(KeyError):
        pools.pool_of(*key(3))
    with pytest.raises(KeyError):
        pools.pool_of(make_server(), replace(TrustPolicy(), allow_untrusted=False))


async def test_a_pool_stays_while_its_policy_does():
    """A reload that changes nothing about trust keeps connections; limits are taken over."""
    pools = await arranged(key())
    before = pools.pool_of(*key())
    pools.arrange({key(): (Timeouts(), Limits(upstream_connections=0))})
    pools.retire_unwanted()
    lessee = FakeLessee()
    pools.pool_of(*key()).wait_for_connection(lessee)

    assert pools.pool_of(*key()) is before
    assert isinstance(lessee.errors[0], UpstreamBusy)


async def test_another_generation_is_another_pool():
    """A policy that changed finds no connection made under the old one, and the old pool is retired."""
    dialer = FakeDialer()
    pools = await arranged(key(), dialer=dialer)
    old = pools.pool_of(*key())
    lessee = FakeLessee()
    old.wait_for_connection(lessee)
    await settle()
    await dialer.succeed(0)
    old.give_back(lessee.connections[0])
    pools.arrange({key(generation=1): (Timeouts(), Limits())})
    before = old.idle_connections
    pools.retire_unwanted()

    assert pools.pool_of(*key(generation=1)) is not old
    assert (before, old.idle_connections) == (1, 0)


async def test_sweep_reaches_every_pool():
    """Retired ones too, until their last connection is gone."""
    dialer = FakeDialer()
    pools = await arranged(key(2), key(3), dialer=dialer)
    for number in (2, 3):
        lessee = FakeLessee()
        pools.pool_of(*key(number)).wait_for_connection(lessee)
        await settle()
        await dialer.succeed(-1)
        pools.pool_of(*key(number)).give_back(lessee.connections[0])
    kept, dropped = (pools.pool_of(*key(number)) for number in (2, 3))
    pools.arrange({key(2): (Timeouts(), Limits())})
    pools.retire_unwanted()
    pools.sweep(NOW + 1000)

    assert (kept.idle_connections, dropped.idle_connections) == (0, 0)


async def test_closing_ends_the_dials_of_retired_pools_too():
    """A dial that is under way when its pool is retired ends with the rest."""
    dialer = FakeDialer()
    pools = await arranged(key(), dialer=dialer)
    pools.pool_of(*key()).wait_for_connection(FakeLessee())
    await settle()
    pools.arrange({})
    pools.retire_unwanted()
    pools.sweep(NOW + 1)
    await pools.close()

    assert dialer.cancelled == 1


async def test_renewal_finds_the_pool():
    """Only the pool of that server under that policy drops its connections; one that is gone is no fault."""
    dialer = FakeDialer()
    pools = await arranged(key(2), key(3), dialer=dialer)
    for number in (2, 3):
        lessee = FakeLessee()
        pools.pool_of(*key(number)).wait_for_connection(lessee)
        await settle()
        await dialer.succeed(-1)
        pools.pool_of(*key(number)).give_back(lessee.connections[0])
    pools.renew(*key(2))
    pools.renew(*key(4))

    assert [pools.pool_of(*key(number)).idle_connections for number in (2, 3)] == [0, 1]
