"""What takes time at the gate: looking a user up, checking a password. Each is one task, which the provider bounds."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from proxy.accounts.provider import ProviderDown
from proxy.errors import OurFault, ProxyError
from proxy.events.record import Event
from proxy.model.accounts import Account
from proxy.model.reply import Reply
from proxy.routing.passage import Passage
from proxy.signin.kit import Kit

PROVIDER_DOWN = 57
FORM_BYTES = 65_536
"""Bytes of a sign-in form; names and passwords have a few hundred."""

Done = Callable[[Reply | Passage | ProxyError], None]
Work = Callable[[], Coroutine[Any, Any, Reply | Passage]]


class _Errand:
    """One task that brings an answer."""

    body_limit = FORM_BYTES

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._task: asyncio.Task[None] | None = None

    def cancel(self) -> None:
        """Give up, because the browser has gone."""
        if self._task is not None:
            self._task.cancel()

    def _go(self, work: Work, done: Done, name: str) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run(work, done), name=name)

    async def _run(self, work: Work, done: Done) -> None:
        try:
            outcome: Reply | Passage | ProxyError = await work()
        except ProviderDown as down:
            self._kit.emit(Event(id=PROVIDER_DOWN, parameters=(self._kit.first_server, str(down)), note=str(down)))
            outcome = OurFault(503, f"The directory cannot be asked: {down}", retry_after=down.retry_after)
        except ProxyError as error:
            outcome = error
        except asyncio.CancelledError:
            raise
        except BaseException:  # a defect: the browser is told at once, whoever listens to the loop hears of it
            done(OurFault(500, "The sign-in failed over a defect."))
            raise
        done(outcome)


class FindErrand(_Errand):
    """Looks up the user of a session that this proxy has not met before; the request waits with its body."""

    body_limit = 0

    def __init__(self, kit: Kit, user: str, found: Callable[[Account | None], Reply | Passage]) -> None:
        super().__init__(kit)
        self._user = user
        self._found = found

    def begin(self, _body: bytes, done: Done) -> None:
        """Look, and go on with the request."""
        self._go(self._find, done, "look up a user")

    async def _find(self) -> Reply | Passage:
        return self._found(await self._kit.provider.find(self._user))


class FormErrand(_Errand):
    """Takes a form and does with it what `work` says."""

    def __init__(self, kit: Kit, work: Callable[[bytes], Coroutine[Any, Any, Reply]]) -> None:
        super().__init__(kit)
        self._work = work

    def begin(self, body: bytes, done: Done) -> None:
        """Begin with the whole form."""
        self._go(lambda: self._work(body), done, "sign in")
