"""Opens the places that events and access lines go to, and exchanges them on a reload; how they work is `sinks`'."""

import os
import time
from typing import Literal

from proxy.events.formats import Voice
from proxy.events.record import Emit, Event
from proxy.service.build import Outlets
from proxy.service.sinks import open_sink, wishes_of
from proxy.settings.schema import Settings
from proxy.sinks.access import AccessLog
from proxy.sinks.batch import Count
from proxy.sinks.console import Console, Look, choose_look
from proxy.sinks.courier import END_SECONDS
from proxy.sinks.hub import Hub
from proxy.sinks.lookout import Lookout, Observed
from proxy.sinks.outbox import Outbox
from proxy.sinks.recent import Recent
from proxy.sinks.stream import Stream

STANDARD_ERROR = 2

Level = Literal["debug", "info", "warning", "error"]
"""As in `log.level`."""


class Logs:
    """Events on standard error, in memory, in files and at collectors; access lines on standard output or in a file.

    Events may be emitted at once; files and collectors get them after `start`.
    """

    def __init__(
        self, settings: Settings, first_server: str, *, colour: bool = True, count: Count | None = None
    ) -> None:
        """`count` is told of every batch of access entries, written or not.

        Raises: OSError when the access log cannot be opened or authorities of a collector cannot be used.
        """
        self._colour = colour and not os.environ.get("NO_COLOR")
        self._stream = Stream(STANDARD_ERROR)
        self._is_started = False
        self._level: Level = settings.log.level
        self._level_set: Level = settings.log.level
        self._look = self._look_of(settings)
        self.voice = Voice(first_server=first_server, provider=settings.events.provider)
        """Who speaks."""
        self._boxes = {wish: open_sink(wish) for wish in wishes_of(settings, self.voice)}
        self._ending: list[Outbox] = []
        self.access = AccessLog(settings.log.access_file, writes=settings.log.access, count=count)
        """Takes every request, also when none is written."""
        self._console = Console(self._stream, self.voice, self._look)
        self.recent = Recent()
        """The last events."""
        self.hub = Hub(self._sinks(), time.time)
        """Takes every event."""
        self.tell: Emit = self.hub.emit
        """Is told of places that fail and work again; whoever counts events puts itself here."""
        self._lookout = Lookout(first_server, self._tell)
        self.outlets = Outlets(emit=self.hub.emit, record_access=self.access.record)
        """Where a worker's words go."""

    @property
    def level(self) -> Level:
        """The least level that the console shows."""
        return self._level

    def set_level(self, level: Level) -> None:
        """Show this level and graver ones, until settings with another one come into force."""
        self._level = level
        self._console.set_level(level)

    def losses(self) -> dict[str, int]:
        """Give the records that each place has lost, by its name."""
        return {each.name: each.lost for each in self._observed()}

    async def start(self) -> None:
        """Begin to write files and to send to collectors. In the process that does so, after every fork."""
        self._is_started = True
        for box in self._boxes.values():
            box.start()

    def tick(self, _now: float) -> None:
        """Write what waits and tell which places have failed or work again. Called with every tick of the clock."""
        self.hub.tick()
        self.access.flush()
        self._lookout.look(self._observed())

    def reopen(self) -> None:
        """Open every file anew after somebody moved it away."""
        self.access.reopen()
        for box in self._boxes.values():
            box.reopen()

    def adopt(self, settings: Settings) -> None:
        """Put the places of other settings in force: those that are the same stay open, what was set otherwise is new.

        Raises: OSError when one cannot be opened; nothing has changed then.
        """
        voice = Voice(first_server=self.voice.first_server, provider=settings.events.provider)
        wishes = wishes_of(settings, voice)
        fresh = {wish: open_sink(wish) for wish in wishes if wish not in self._boxes}
        self.access.turn(settings.log.access_file, writes=settings.log.access)
        # From here on nothing can fail.
        now = time.time()
        self._adopt_console(settings, voice, now)
        gone = [box for wish, box in self._boxes.items() if wish not in wishes]
        self._boxes = {wish: fresh.get(wish) or self._boxes[wish] for wish in wishes}
        self.hub.adopt(self._sinks())
        self._lookout.forget(box.name for box in gone)
        for box in gone:
            box.close(now)
        self._ending = [*(box for box in self._ending if box.is_alive), *gone]
        if self._is_started:
            for box in fresh.values():
                box.start()

    def close(self) -> None:
        """Write all that waits; a place that takes nothing is waited for some seconds, all together."""
        self.hub.close()
        self.access.close()
        end = time.monotonic() + END_SECONDS
        for box in [*self._boxes.values(), *self._ending]:
            box.join(end - time.monotonic())

    def _tell(self, event: Event) -> None:
        self.tell(event)

    def _adopt_console(self, settings: Settings, voice: Voice, now: float) -> None:
        if settings.log.level != self._level_set:
            self._level = self._level_set = settings.log.level
        look = self._look_of(settings)
        if (look, voice) != (self._look, self.voice):
            self._console.close(now)
            self._console = Console(self._stream, voice, look)
            self._look, self.voice = look, voice
        self._console.set_level(self._level)

    def _look_of(self, settings: Settings) -> Look:
        log, period = settings.log, settings.events.throttle
        return choose_look(self._stream, log.format, level=log.level, colour=self._colour, period=period)

    def _sinks(self) -> list[Console | Recent | Outbox]:
        return [self._console, self.recent, *self._boxes.values()]

    def _observed(self) -> list[Observed]:
        return [self._console, self.access, *self._boxes.values()]
