"""A source of accounts that asks a server and remembers what it was told; how servers are asked: `ldap`, `http`."""

import asyncio
from collections.abc import Callable
from itertools import islice
from typing import Protocol

from proxy.accounts.cache import Ages, Cache
from proxy.accounts.provider import Busy, Provider, ProviderDown
from proxy.directory.logins import fold
from proxy.model.accounts import Account

RETRY_SECONDS = 5.0
"""After the server could not be asked: for so long whoever is remembered is not asked for again."""
REFRESHED_AT_ONCE = 4
"""Users who are looked up anew at the same time before their time is over."""
DROP_SECONDS = 60.0
"""How often what is too old is thrown away."""

Look = asyncio.Task[Account | None]


class Source(Protocol):
    """A server that knows users; nothing is remembered here."""

    async def check(self, login: str, password: str) -> Account | None:
        """Give the account if the password is right. Raises: ProviderDown."""
        ...

    async def find(self, login: str) -> Account | None:
        """Give the account of a login. Raises: ProviderDown."""
        ...

    async def close(self) -> None:
        """Let go of everything."""


class Remembering(Provider):
    """Asks a server. Users who are signed in go on for a stated time when it is down; nobody signs in then."""

    def __init__(self, source: Source, ages: Ages, clock: Callable[[], float], tell: Callable[[str], None]) -> None:
        """`clock` gives seconds since 1970; `tell` is told when the server cannot be asked, and when it can again."""
        self._source = source
        self._cache = Cache(ages)
        self._clock = clock
        self._tell = tell
        self._looks: dict[str, Look] = {}
        self._is_down = False
        self._retry_at = 0.0
        self._drop_at = 0.0

    async def check(self, login: str, password: str) -> Account | None:
        """Ask the server each time, whatever is remembered."""
        try:
            account = await self._source.check(login, password)
        except ProviderDown as down:
            self._went_down(down)
            raise
        self._came_back()
        return None if account is None else self._cache.put(login, account, self._clock())

    async def find(self, login: str) -> Account | None:
        """Give who is remembered, else ask; those who ask for the same user at once share the answer."""
        now = self._clock()
        known = self._cache.fresh(login, now)
        if known is not None or self._cache.is_unknown(login, now):
            return known
        stale = self._cache.stale(login, now)
        if stale is not None and self._is_down and now < self._retry_at:
            return stale
        try:
            return await asyncio.shield(self._look(login))
        except ProviderDown:
            stale = self._cache.stale(login, self._clock())
            if stale is None:
                raise
            return stale

    def cached(self, name: str, now: float) -> Account | None:
        """Give who is remembered; for longer while the server is down."""
        return self._cache.stale(name, now) if self._is_down else self._cache.fresh(name, now)

    def tick(self, now: float) -> None:
        """Ask anew for those who are there before what is known of them is too old; for one alone while it is down."""
        if now >= self._drop_at or now < self._drop_at - DROP_SECONDS:
            self._drop_at = now + DROP_SECONDS
            self._cache.drop_old(now)
        if self._is_down and now < self._retry_at:
            return
        room = (1 if self._is_down else REFRESHED_AT_ONCE) - len(self._looks)
        due = (name for name in self._cache.due(now) if fold(name) not in self._looks)
        for name in list(islice(due, max(0, room))):
            self._look(name)

    async def close(self) -> None:
        """End what is under way; whoever waits for it gets ProviderDown."""
        await self._source.close()
        if self._looks:
            await asyncio.wait(list(self._looks.values()))

    def _look(self, login: str) -> Look:
        """Begin to ask for a login, or join those who do already."""
        key = fold(login)
        task = self._looks.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._ask(login), name="look up a user")
            self._looks[key] = task
            task.add_done_callback(lambda done: self._looked(key, done))
        return task

    def _looked(self, key: str, task: Look) -> None:
        del self._looks[key]
        if not task.cancelled():
            task.exception()  # who has gone meanwhile does not read it

    async def _ask(self, login: str) -> Account | None:
        try:
            account = await self._source.find(login)
        except ProviderDown as down:
            self._went_down(down)
            raise
        self._came_back()
        now = self._clock()
        if account is None or not _is_own(login, account):
            self._cache.put_unknown(login, now)
            return None
        return self._cache.put(account.name, account, now)

    def _went_down(self, down: ProviderDown) -> None:
        if isinstance(down, Busy):
            return
        self._retry_at = self._clock() + RETRY_SECONDS
        if not self._is_down:
            self._is_down = True
            self._tell(f"{down} Nobody can sign in; who is signed in goes on for a while.")

    def _came_back(self) -> None:
        if self._is_down:
            self._is_down = False
            self._tell("The directory can be asked again.")


def _is_own(login: str, account: Account) -> bool:
    """Tell whether an account may be who has a login: a canonical name that is gone is nobody's other login."""
    return "\\" not in fold(login) or fold(account.name) == fold(login)
