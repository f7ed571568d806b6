"""The pools of all servers, by server and policy; what a pool does is `pool`'s."""

from proxy.model.limits import Limits, Timeouts
from proxy.model.sites import Server, TrustPolicy
from proxy.upstream.pool import PoolState, ServerPool, Supplies


class Pools:
    """All pools, by server and policy."""

    def __init__(self, supplies: Supplies) -> None:
        self._supplies = supplies
        self._pools: dict[tuple[Server, TrustPolicy], ServerPool] = {}
        self._retired: list[ServerPool] = []

    def pool_of(self, server: Server, policy: TrustPolicy) -> ServerPool:
        """Give the pool of a server that `arrange` was told of.

        Raises: KeyError for any other: only the table chooses an address.
        """
        return self._pools[server, policy]

    def arrange(self, wanted: dict[tuple[Server, TrustPolicy], tuple[Timeouts, Limits]]) -> None:
        """Keep the pools that are still wanted and make new ones; `retire_unwanted` must follow."""
        before = self._pools
        self._pools = {}
        for key, (timeouts, limits) in wanted.items():
            pool = before.pop(key, None)
            if pool is None:
                pool = ServerPool(*key, timeouts, limits, self._supplies)
            pool.adopt(timeouts, limits)
            self._pools[key] = pool
        self._retired += before.values()

    def states(self) -> list[tuple[Server, PoolState]]:
        """Give every pool in numbers."""
        return [(server, pool.state) for (server, _), pool in self._pools.items()]

    def retire_unwanted(self) -> int:
        """Retire the pools that `arrange` left out, once their successors can be found.

        Gives how many idle connections were closed.
        """
        closed = 0
        for pool in self._retired:
            closed += pool.idle_connections
            pool.retire()
        return closed

    def renew(self, server: Server, policy: TrustPolicy) -> None:
        """Lend no connection to a server again that there is now; do nothing for a server without a pool."""
        pool = self._pools.get((server, policy))
        if pool is not None:
            pool.renew()

    def sweep(self, now: float) -> None:
        """Enforce the time limits of every pool."""
        for pool in self._pools.values():
            pool.sweep(now)
        for pool in self._retired:
            pool.sweep(now)
        self._retired = [pool for pool in self._retired if not pool.is_over]

    async def close(self) -> None:
        """Close every connection at once."""
        for pool in [*self._pools.values(), *self._retired]:
            await pool.close()
