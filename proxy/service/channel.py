"""Talk between the processes of one proxy over a stream socket; what is said means something to `fleet` and `link`.

Both ends are forks of one process of ours, and the socket stands in a folder that only its user may enter: that is why
values are pickled, which must never be done with bytes of anybody else.
"""

import asyncio
import itertools
import pickle
import struct
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, cast

_SIZE = struct.Struct("!I")
BACKLOG_BYTES = 16 << 20
"""What waits for an end that does not read; beyond it words are dropped and counted."""
PATIENCE = 10.0
"""Seconds that an answer may take."""


class Said(NamedTuple):
    """One message."""

    verb: str
    arguments: tuple[Any, ...]  # each verb has its own; `fleet` and `link` list them
    number: int = 0
    """To be answered under this number; 0: nothing is expected."""


class _Answered(NamedTuple):
    number: int
    value: Any  # what the verb gives


class ChannelLost(ConnectionError):
    """The other process has gone, or does not answer."""


Verbs = Mapping[str, Callable[..., Any]]
"""What the other end may ask for; a coroutine function is waited for before it is answered."""


def frame(message: object) -> bytes:
    """Write a message as bytes: its length in four, then itself."""
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return _SIZE.pack(len(data)) + data


class Channel(asyncio.Protocol):
    """One end. Verbs give values and raise nothing: a defect in one ends the connection."""

    def __init__(self, verbs: Verbs, lost: Callable[["Channel"], None]) -> None:
        self._verbs = verbs
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self._heard = bytearray()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.dropped = 0
        """Words that the other end was too slow for."""

    # ── saying ───────────────────────────────────────────────────────────────────────────────────

    def tell(self, verb: str, *arguments: object) -> bool:
        """Say something that nobody answers. Never waits; False: it was dropped."""
        transport = self._transport
        if transport is None or transport.is_closing() or transport.get_write_buffer_size() > BACKLOG_BYTES:
            self.dropped += 1
            return False
        transport.write(frame(Said(verb, arguments)))
        return True

    async def ask(self, verb: str, *arguments: object, patience: float = PATIENCE) -> Any:  # what the verb gives
        """Say something and wait for its answer. Raises: ChannelLost."""
        if self._transport is None or self._transport.is_closing():
            raise ChannelLost("The other process has gone.")
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        self._transport.write(frame(Said(verb, arguments, number)))
        try:
            async with asyncio.timeout(patience):
                return await answer
        except TimeoutError as late:
            raise ChannelLost(f"The other process did not answer within {patience:g} s.") from late
        finally:
            self._waiting.pop(number, None)

    @property
    def is_open(self) -> bool:
        """Whether anything can be said."""
        return self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        """Say no more; what was said still arrives."""
        if self._transport is not None:
            self._transport.close()

    # ── hearing: called by the event loop ────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own are none by inheritance

    def data_received(self, data: bytes) -> None:
        """Take words apart and do what they say."""
        self._heard += data
        while len(self._heard) >= _SIZE.size:
            end = _SIZE.size + _SIZE.unpack_from(self._heard)[0]
            if len(self._heard) < end:
                return
            message = pickle.loads(self._heard[_SIZE.size : end])  # noqa: S301 - of a fork of ours, see above
            del self._heard[:end]
            self._hear(message)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Let nobody wait for ever."""
        self._transport = None
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ChannelLost("The other process has gone."))
        for task in self._tasks:
            task.cancel()
        self._lost(self)

    def _hear(self, message: object) -> None:
        if isinstance(message, _Answered):
            self._conclude(message)
            return
        assert isinstance(message, Said)
        outcome = self._verbs[message.verb](*message.arguments)
        if isinstance(outcome, Awaitable):
            task = asyncio.get_running_loop().create_task(self._answer_later(message, outcome), name=message.verb)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif message.number:
            self._answer(_Answered(message.number, outcome))

    async def _answer_later(self, said: Said, outcome: Awaitable[Any]) -> None:
        value = await outcome
        if said.number:
            self._answer(_Answered(said.number, value))

    def _answer(self, answered: _Answered) -> None:
        if self._transport is not None:
            self._transport.write(frame(answered))

    def _conclude(self, answered: _Answered) -> None:
        waiting = self._waiting.get(answered.number)
        if waiting is not None and not waiting.done():
            waiting.set_result(answered.value)
