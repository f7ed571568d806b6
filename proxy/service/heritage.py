"""What every process of a proxy with several workers gets from the one that forked it."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass

from proxy.service.certificates import Stock
from proxy.service.control import Load
from proxy.service.load import Loaded
from proxy.service.sockets import Sockets


@dataclass(frozen=True, slots=True, kw_only=True)
class Heritage:
    """Made once, before the first fork."""

    loaded: Loaded
    """The settings of the start."""
    load: Load
    """Reads them anew."""
    sockets: Sockets
    """Listening sockets; each process closes those that are not its own."""
    stock: Stock
    """TLS contexts: browsers resume at every worker, for all have these."""
    meeting: str
    """Path of the Unix socket at which control takes workers."""
    lifeline: int
    """Reading end of a pipe that nobody writes to: it ends when the supervisor does."""
    colour: bool
    """Whether the console may be coloured."""

    def watch_lifeline(self, ended: Callable[[], None]) -> None:
        """Call `ended` when the supervisor has gone without a word."""
        loop = asyncio.get_running_loop()

        def on_end() -> None:
            loop.remove_reader(self.lifeline)
            ended()

        os.set_blocking(self.lifeline, False)
        loop.add_reader(self.lifeline, on_end)
