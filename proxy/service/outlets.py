"""Opens the places that events and access lines go to; what they look like is left to `sinks`."""

import os
import time

from proxy.events.formats import Voice
from proxy.service.build import Outlets
from proxy.settings.schema import Settings
from proxy.sinks.access import AccessLog
from proxy.sinks.console import Console, choose_look
from proxy.sinks.hub import Hub
from proxy.sinks.stream import Stream

STANDARD_ERROR = 2


class Logs:
    """Events on standard error, access lines on standard output or in their file."""

    def __init__(self, settings: Settings, first_server: str, *, colour: bool = True) -> None:
        stream = Stream(STANDARD_ERROR)
        log = settings.log
        colour = colour and not os.environ.get("NO_COLOR")
        look = choose_look(stream, log.format, level=log.level, colour=colour, period=settings.events.throttle)
        voice = Voice(first_server=first_server, provider=settings.events.provider)
        self.hub = Hub([Console(stream, voice, look)], time.time)
        self.access = AccessLog(log.access_file) if log.access else None
        self.outlets = Outlets(
            emit=self.hub.emit, record_access=self.access.record if self.access is not None else None
        )

    def tick(self, _now: float) -> None:
        """Write what waits. Called with every tick of the coarse clock."""
        self.hub.tick()
        if self.access is not None:
            self.access.flush()

    def reopen(self) -> None:
        """Open the access log anew after somebody moved it away."""
        if self.access is not None:
            self.access.reopen()

    def close(self) -> None:
        """Write all that waits."""
        self.hub.close()
        if self.access is not None:
            self.access.close()
