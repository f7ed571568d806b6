"""Asks every server on a timer whether it works; asking is `asking`'s, and what follows is a callable of the owner."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable

from proxy.model.sites import Server, TrustPolicy
from proxy.upstream.asking import Check, Finding

AT_ONCE = 32
"""Checks under way at the same time. Those that wait longest begin first, so no server that hangs keeps others back."""
JITTER = 0.1
"""Share of the interval by which checks are moved about, so that proxies started together do not ask together."""

Ask = Callable[[Check], Coroutine[None, None, Finding | None]]
"""How one server is asked; `Asker.ask`."""
Tell = Callable[[Server, TrustPolicy, bool, str], None]
"""Told of each check: who was asked, under which policy, whether it works, and what was found wrong."""


class Checks:
    """Which server is asked when. `chance` gives 0 to 1."""

    def __init__(self, ask: Ask, tell: Tell, chance: Callable[[], float]) -> None:
        self._ask = ask
        self._tell = tell
        self._chance = chance
        self._wanted: dict[Server, Check] = {}
        self._due: dict[Server, float] = {}
        self._asking: dict[asyncio.Task[None], Server] = {}

    def watch(self, wanted: Iterable[Check]) -> None:
        """Ask these servers from now on, as far as their rules have a path; one that is new is asked at once."""
        before, due = self._wanted, self._due
        self._wanted = {check.server: check for check in wanted if check.rules.path}
        self._due = {
            server: due[server] if server in before and before[server].rules == check.rules else 0.0
            for server, check in self._wanted.items()
        }

    def tick(self, now: float) -> None:
        """Begin the checks that are due."""
        room = AT_ONCE - len(self._asking)
        if room <= 0 or not self._due:
            return
        busy = set(self._asking.values())
        ready = [server for server, due in self._due.items() if due <= now and server not in busy]
        for server in sorted(ready, key=self._due.__getitem__)[:room]:
            check = self._wanted[server]
            self._due[server] = now + check.rules.interval * (1 + JITTER * (2 * self._chance() - 1))
            task = asyncio.get_running_loop().create_task(self._check(check), name=f"check {server.host}")
            self._asking[task] = server
            task.add_done_callback(self._asking.pop)

    async def close(self) -> None:
        """End the checks under way."""
        tasks = list(self._asking)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _check(self, check: Check) -> None:
        finding = await self._ask(check)
        if finding is not None and self._wanted.get(check.server) is check:
            self._tell(check.server, check.policy, *finding)
