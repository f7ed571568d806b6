"""Who gets which connection, who waits, and that everybody who waits is told exactly once."""

import pytest

from proxy.errors import UpstreamBusy, UpstreamNotTrusted, UpstreamUnreachable
from proxy.message.response import ResponseReader
from proxy.model.clock import Ticks
from proxy.model.limits import Limits, Timeouts
from proxy.model.sites import TrustPolicy
from proxy.upstream.pool import IDLE_SHARE, ServerPool, Supplies
from tests.fakes import NOW, FakeDialer, FakeLessee, make_server, settle

DOWN = UpstreamUnreachable("Branch", "cas02.branch.test", "It does not answer.")


class Scene:
    """One pool with a dialer by hand."""

    def __init__(self, limit: int = 2, policy: TrustPolicy | None = None) -> None:
        self.dialer = FakeDialer()
        self.ticks = Ticks(NOW)
        self.pool = ServerPool(
            make_server(),
            policy or TrustPolicy(),
            Timeouts(),
            Limits(upstream_connections=limit),
            Supplies(self.dialer.dial, self.ticks, ResponseReader("CAS01")),
        )

    async def wait(self, *names: str) -> list[FakeLessee]:
        """Let lessees wait."""
        lessees = [FakeLessee(name) for name in names]
        for lessee in lessees:
            self.pool.wait_for_connection(lessee)
        await settle()
        return lessees

    async def busy(self, number: int) -> list[FakeLessee]:
        """Open connections that are in use."""
        lessees = []
        for _ in range(number):
            lessees += await self.wait("busy")
            await self.dialer.succeed(-1)
        return lessees

    async def rest(self, number: int) -> list[object]:
        """Open connections and let them rest, one second after the other."""
        connections = [lessee.connections[0] for lessee in await self.busy(number)]
        for connection in connections:
            self.pool.give_back(connection)
            self.ticks.now += 1
        return connections


# ── lending ──────────────────────────────────────────────────────────────────────────────────────


async def test_an_empty_pool_lends_nothing():
    """Without an idle connection one must wait."""
    assert Scene().pool.lease() is None


async def test_the_connection_used_last_is_lent_first():
    """LIFO: the others grow old and close."""
    scene = Scene()
    first, second = await scene.rest(2)

    assert [scene.pool.lease(), scene.pool.lease(), scene.pool.lease()] == [second, first, None]


async def test_a_stale_connection_is_closed_and_the_next_one_lent():
    """What is not fresh is nobody's."""
    scene = Scene()
    first, second = await scene.rest(2)
    second.data_received(b"unasked")

    assert scene.pool.lease() is first
    assert second.transport.is_closed


async def test_counts_follow_connections():
    """Open counts all, idle those at rest; a lost one counts no more."""
    scene = Scene()
    first, second = await scene.rest(2)
    scene.pool.lease()
    seen = [(scene.pool.open_connections, scene.pool.idle_connections)]
    first.transport.lose()
    seen.append((scene.pool.open_connections, scene.pool.idle_connections))
    second.transport.lose()
    seen.append((scene.pool.open_connections, scene.pool.idle_connections))

    assert seen == [(2, 1), (1, 0), (0, 0)]


async def test_forgetting_something_else_changes_nothing():
    """Only connections are counted."""
    scene = Scene()
    await scene.rest(1)
    scene.pool.forget(object())

    assert scene.pool.open_connections == 1


# ── dialling ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("trusted", [True, False])
async def test_a_dial_serves_who_waits(trusted):
    """The connection knows whether it is trusted, and the server and policy dialled are the pool's."""
    policy = TrustPolicy(generation=7)
    scene = Scene(policy=policy)
    (lessee,) = await scene.wait("a")
    await scene.dialer.succeed(0, trusted=trusted)

    assert [connection.trusted for connection in lessee.connections] == [trusted]
    assert scene.dialer.calls[0][:2] == (make_server(), policy)
    assert lessee.told == 1


async def test_a_failed_dial_tells_the_one_it_was_for():
    """The error is the dialer's own."""
    scene = Scene()
    first, second = await scene.wait("a", "b")
    await scene.dialer.fail(0, DOWN)

    assert (first.errors, second.told) == ([DOWN], 0)


async def test_whoever_waits_longest_is_served_first():
    """A connection that comes back goes to the front of the queue, not to the one that dialled."""
    scene = Scene()
    (busy,) = await scene.busy(1)
    first, second = await scene.wait("a", "b")
    scene.pool.give_back(busy.connections[0])

    assert (first.connections, second.told) == (busy.connections, 0)


async def test_the_dial_of_one_who_was_served_serves_the_next():
    """Its connection is not wasted."""
    scene = Scene()
    (busy,) = await scene.busy(1)
    first, second = await scene.wait("a", "b")
    scene.pool.give_back(busy.connections[0])
    await scene.dialer.succeed(1)

    assert (first.told, second.told) == (1, 1)
    assert len(second.connections) == 1


async def test_the_failed_dial_of_one_who_was_served_leaves_nobody_alone():
    """Somebody who waits behind is dialled for, and told what came of it."""
    scene = Scene()
    (busy,) = await scene.busy(1)
    first, second = await scene.wait("a", "b")
    scene.pool.give_back(busy.connections[0])
    await scene.dialer.fail(1, DOWN)
    await scene.dialer.fail(2, DOWN)

    assert (first.told, second.errors) == (1, [DOWN])


async def test_nobody_dials_beyond_the_limit():
    """limits.upstream_connections bounds connections and dials together."""
    scene = Scene(limit=2)
    await scene.wait("a", "b", "c", "d")

    assert len(scene.dialer.calls) == 2


async def test_the_failed_dial_of_another_lets_the_next_one_dial():
    """Whoever waits for a place gets the one that a failed dial leaves: the server is down, not busy."""
    scene = Scene(limit=2)
    await scene.busy(1)
    first, second = await scene.wait("dials", "waits")
    await scene.dialer.fail(1, DOWN)
    assert (first.errors, second.told) == ([DOWN], 0)
    await scene.dialer.fail(2, DOWN)

    assert second.errors == [DOWN]


async def test_whoever_asks_while_a_dial_ends_is_dialled_for():
    """A connection that has just been opened is counted once, not as a dial besides."""
    scene = Scene(limit=2)
    late = FakeLessee("late")

    class Asks(FakeLessee):
        def on_connection(self, connection):
            super().on_connection(connection)
            scene.pool.wait_for_connection(late)

    scene.pool.wait_for_connection(Asks())
    await settle()
    await scene.dialer.succeed(0)

    assert len(scene.dialer.calls) == 2


async def test_a_full_queue_refuses_at_once():
    """As many may wait as may be open, those who are dialled for included; beyond that it is 503 without a wait."""
    scene = Scene(limit=2)
    await scene.busy(1)
    *others, refused = await scene.wait("dials", "waits", "refused")

    assert [other.told for other in others] == [0, 0]
    assert isinstance(refused.errors[0], UpstreamBusy)
    assert "limits.upstream_connections" in str(refused.errors[0])


async def test_a_lost_connection_makes_room_for_who_waits():
    """The next one dials, though nothing came back."""
    scene = Scene(limit=1)
    (busy,) = await scene.busy(1)
    (lessee,) = await scene.wait("a")
    assert len(scene.dialer.calls) == 1
    busy.connections[0].transport.lose()
    await settle()
    await scene.dialer.succeed(1)

    assert len(lessee.connections) == 1


async def test_a_connection_that_never_was_the_pools_makes_no_room():
    """An attempt that the dialer gave up frees no place: the limit holds."""
    scene = Scene(limit=1)
    await scene.busy(1)
    await scene.wait("a")
    stray = scene.dialer.calls[0][3]()
    scene.pool.forget(stray)
    await settle()

    assert len(scene.dialer.calls) == 1


async def test_one_who_waits_too_long_is_told():
    """After timeouts.connect without a place it is 503."""
    scene = Scene(limit=1)
    await scene.busy(1)
    (lessee,) = await scene.wait("a")
    scene.pool.sweep(NOW + Timeouts().connect)
    before = lessee.told
    scene.pool.sweep(NOW + Timeouts().connect + 0.1)

    assert (before, [type(error) for error in lessee.errors]) == (0, [UpstreamBusy])


async def test_a_dial_of_another_does_not_lengthen_the_wait():
    """Whoever waits for a place is told in time while somebody else's dial hangs; a dial has limits of its own."""
    scene = Scene(limit=2)
    await scene.busy(1)
    dials, waits = await scene.wait("dials", "waits")
    scene.pool.sweep(NOW + Timeouts().connect + 0.1)

    assert (dials.told, [type(error) for error in waits.errors]) == (0, [UpstreamBusy])


async def test_whoever_withdraws_is_not_told():
    """A connection that arrives afterwards rests in the pool; a failure is nobody's."""
    scene = Scene()
    first, second = await scene.wait("a", "b")
    scene.pool.withdraw(first)
    scene.pool.withdraw(second)
    await scene.dialer.succeed(0)
    await scene.dialer.fail(1, DOWN)

    assert (first.told, second.told, scene.pool.idle_connections) == (0, 0, 1)


@pytest.mark.parametrize("end", ["lost", "unasked bytes"])
async def test_a_connection_that_is_over_at_once_is_unreachable(end):
    """It closed, or spoke unasked, before we had it: nobody is given it, and another server may be tried."""
    scene = Scene()
    (lessee,) = await scene.wait("a")
    await scene.dialer.succeed(0, spoil=end)

    assert [error.error_type for error in lessee.errors] == ["connection_terminated"]
    assert (lessee.connections, scene.pool.idle_connections) == ([], 0)


# ── time ─────────────────────────────────────────────────────────────────────────────────────────


async def test_idle_connections_close_before_the_backend_closes_them():
    """After a share of timeouts.keep_alive, the oldest first; one just used stays."""
    scene = Scene()
    first, second = await scene.rest(2)
    end = NOW + Timeouts().keep_alive * IDLE_SHARE
    scene.pool.sweep(end)
    before = first.transport.is_closed
    scene.pool.sweep(end + 0.5)

    assert (before, first.transport.is_closed, second.transport.is_closed) == (False, True, False)
    assert scene.pool.idle_connections == 1


async def test_changed_limits_hold_from_now_on():
    """`adopt` needs no new pool."""
    scene = Scene(limit=1)
    (connection,) = await scene.rest(1)
    scene.pool.adopt(Timeouts(keep_alive=1.0), Limits(upstream_connections=2))
    scene.pool.sweep(NOW + 2)
    await scene.wait("a")

    assert connection.transport.is_closed
    assert len(scene.dialer.calls) == 2


# ── retiring ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_retired_pool_keeps_nothing():
    """Idle connections close at once, one in use when its answer is complete: none serves under another policy."""
    scene = Scene()
    (resting,) = await scene.rest(1)
    (busy,) = await scene.busy(1)
    scene.pool.retire()
    in_use = busy.connections[0]
    cut_at_once = in_use.transport.is_closing()
    scene.pool.give_back(in_use)

    assert (resting.transport.is_closed, cut_at_once, in_use.transport.is_closed) == (True, False, True)
    assert (scene.pool.lease(), scene.pool.idle_connections) == (None, 0)


async def test_those_who_wait_ask_anew_under_the_new_policy():
    """Whoever waited or dialled is told of the change, once; its dial's result is nobody's."""
    scene = Scene(limit=2)
    await scene.busy(1)
    lessees = await scene.wait("dials", "waits")
    scene.pool.retire()
    transport = await scene.dialer.succeed(1)

    assert [(lessee.changes, lessee.told) for lessee in lessees] == [(1, 1), (1, 1)]
    assert transport.is_closed


async def test_a_refused_dial_of_a_retired_pool_is_nobodys():
    """The old policy's refusal is not told after the change."""
    scene = Scene()
    (lessee,) = await scene.wait("a")
    scene.pool.retire()
    await scene.dialer.fail(0, UpstreamNotTrusted("Branch", "cas02.branch.test", code=18, text="x"))

    assert (lessee.changes, lessee.errors) == (1, [])


async def test_a_lost_connection_of_a_retired_pool_dials_for_nobody():
    """A pool that is over opens nothing."""
    scene = Scene(limit=1)
    (busy,) = await scene.busy(1)
    scene.pool.retire()
    busy.connections[0].transport.lose()
    await settle()

    assert len(scene.dialer.calls) == 1


async def test_whoever_comes_late_to_a_retired_pool_is_sent_on():
    """A request that began before the reload dials nothing under the old policy and never waits for nobody."""
    scene = Scene()
    scene.pool.retire()
    (lessee,) = await scene.wait("late")

    assert (lessee.changes, lessee.told, scene.dialer.calls) == (1, 1, [])


async def test_a_closed_pool_ends_dials_and_connections():
    """Everything is cut at once, and those who wait are told, as are those who ask afterwards."""
    scene = Scene(limit=3)
    (busy,) = await scene.busy(1)
    waits, late = await scene.wait("waits"), FakeLessee("late")
    await scene.pool.close()
    scene.pool.wait_for_connection(late)

    assert busy.connections[0].transport.is_aborted
    assert [[error.status for error in lessee.errors] for lessee in (*waits, late)] == [[503], [503]]
    assert (scene.dialer.cancelled, len(scene.dialer.calls), scene.pool.open_connections) == (1, 2, 1)


# ── a server whose trust changed ─────────────────────────────────────────────────────────────────


async def test_renewal_closes_what_is_idle():
    """A connection made while the server was trusted serves nobody once it is not."""
    scene = Scene()
    (lessee,) = await scene.wait("A")
    await scene.dialer.succeed(0)
    scene.pool.give_back(lessee.connections[0])
    scene.pool.renew()

    assert (scene.pool.idle_connections, scene.pool.lease()) == (0, None)


async def test_renewal_lets_an_answer_finish_but_keeps_nothing():
    """A connection in use goes on until its answer is complete, then it is closed instead of being lent again."""
    scene = Scene()
    (lessee,) = await scene.wait("A")
    await scene.dialer.succeed(0)
    connection = lessee.connections[0]
    scene.pool.renew()
    was_open = scene.pool.open_connections
    scene.pool.give_back(connection)

    assert (was_open, scene.pool.idle_connections, scene.pool.lease()) == (1, 0, None)


async def test_a_connection_dialled_before_a_renewal_serves_once():
    """Its handshake may have seen the certificate of before."""
    scene = Scene()
    (lessee,) = await scene.wait("A")
    scene.pool.renew()
    await scene.dialer.succeed(0)
    scene.pool.give_back(lessee.connections[0])

    assert scene.pool.idle_connections == 0


async def test_after_a_renewal_new_connections_are_kept():
    """Renewal is about the connections there were, not about the server."""
    scene = Scene()
    scene.pool.renew()
    (lessee,) = await scene.wait("A")
    await scene.dialer.succeed(0)
    scene.pool.give_back(lessee.connections[0])

    assert scene.pool.idle_connections == 1
