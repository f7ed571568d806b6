"""A worker's line to the control process: what it says there, and what it is told; control's end is `fleet`.

A worker serves on while there is no control process: what it has to say waits, as long as there is room, and the line
is made anew as soon as somebody listens.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from proxy.events.record import Event
from proxy.health.standing import Turn
from proxy.metrics.names import Snapshot
from proxy.model.sites import Server, TrustPolicy
from proxy.model.verdict import Verdict
from proxy.service.channel import Channel, ChannelLost, Verbs
from proxy.service.crew import InForce
from proxy.session.notice import Notice

WAITING = 10_000
"""Words that wait for a control process; the oldest are lost beyond it."""
AGAIN_SECONDS = 0.5
"""Between two tries to reach it."""


class Hello(NamedTuple):
    """How a worker presents itself."""

    number: int
    """From 1 on; a worker that takes another's place has its number."""
    pid: int
    in_force: InForce | None
    """What it works with; None: nothing yet."""


class Welcome(NamedTuple):
    """What it is told then."""

    in_force: InForce
    """What it should work with."""
    notices: tuple[Notice, ...]
    """What was said of sign-ins before it came."""


class Link:
    """The line. `verbs` is what control may ask for; `resumed` hears what control says when the line is made anew."""

    def __init__(self, path: str, verbs: Verbs, hello: Callable[[], Hello], resumed: Callable[[Welcome], None]) -> None:
        self._path = path
        self._verbs = verbs
        self._hello = hello
        self._resumed = resumed
        self._channel: Channel | None = None
        self._joining: asyncio.Task[None] | None = None
        self._waiting: deque[tuple[str, tuple[object, ...]]] = deque(maxlen=WAITING)
        self._next = 0.0
        self.lost = 0
        """Words that could not be said."""

    async def join(self) -> Welcome:
        """Present ourselves and give what control says.

        Raises: ChannelLost or OSError while nobody listens.
        """
        loop = asyncio.get_running_loop()
        _, channel = await loop.create_unix_connection(lambda: Channel(self._verbs, self._on_lost), self._path)
        try:
            welcome = await channel.ask("hello", self._hello())
        except BaseException:
            channel.close()
            raise
        assert isinstance(welcome, Welcome)
        self._channel = channel
        waiting, self._waiting = self._waiting, deque(maxlen=WAITING)
        for verb, arguments in waiting:
            channel.tell(verb, *arguments)
        return welcome

    def say(self, verb: str, *arguments: object) -> None:
        """Say something; it waits while nobody listens. Never waits itself, never raises."""
        if self._channel is not None:
            if not self._channel.tell(verb, *arguments):
                self.lost += 1
        else:
            self.lost += len(self._waiting) == WAITING
            self._waiting.append((verb, arguments))

    def tick(self, now: float) -> None:
        """Make the line anew if it is gone. Called with every tick of the coarse clock."""
        if self._channel is None and self._joining is None and now >= self._next:
            self._next = now + AGAIN_SECONDS
            self._joining = asyncio.get_running_loop().create_task(self._join_again(), name="join control")
            self._joining.add_done_callback(self._on_joined)

    async def close(self) -> None:
        """Hang up; what was said still arrives."""
        if self._joining is not None:
            self._joining.cancel()
            await asyncio.gather(self._joining, return_exceptions=True)
        if self._channel is not None:
            self._channel.close()

    # ── what a worker says ───────────────────────────────────────────────────────────────────────

    def emit(self, event: Event) -> None:
        """Have an event written. An `Emit`."""
        self.say("event", event)

    def write_lines(self, lines: bytes, records: int) -> None:
        """Have lines of the access log written."""
        self.say("lines", lines, records)

    def note_refusal(self, server: Server, policy: TrustPolicy, verdict: Verdict) -> None:
        """Tell that trust in a server failed."""
        self.say("refused", server, policy, verdict)

    def note_success(self, server: Server, policy: TrustPolicy) -> None:
        """Tell that a server was trusted."""
        self.say("trusted", server, policy)

    def tell_turn(self, turn: Turn) -> None:
        """Tell that a server went down or is up again."""
        self.say("turned", turn)

    def tell(self, notice: Notice) -> None:
        """Tell the other workers of a sign-in."""
        self.say("notice", notice)

    def tell_counts(self, snapshot: Snapshot) -> None:
        """Tell all that was counted so far: it outlives us."""
        self.say("counted", snapshot)

    async def _join_again(self) -> None:
        try:
            self._resumed(await self.join())
        except (OSError, ChannelLost):
            return

    def _on_joined(self, _task: asyncio.Task[None]) -> None:
        self._joining = None

    def _on_lost(self, channel: Channel) -> None:
        if self._channel is channel:
            self._channel = None
