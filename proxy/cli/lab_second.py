"""The second proxy of the lab, which runs in the first one's process; what it serves is in `proxy.lab.sign_in`."""

import asyncio
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from proxy.front.listener import CannotListen
from proxy.lab.sign_in import Second
from proxy.service.load import Loaded, load
from proxy.service.outlets import Logs
from proxy.service.worker import NeedsRestart, Worker
from proxy.settings.addresses import parse_address
from proxy.settings.problems import SettingsInvalid

OWN_VARIABLES = "CASPROXY_SERVER__"
"""Variables that start so are the first proxy's: the second cannot listen on the same port."""


class SecondProxy:
    """Serves while the `async with` block runs; its events go where the first one's go, and name it."""

    def __init__(self, second: Second, environment: Mapping[str, str], beside: str, *, colour: bool) -> None:
        """Make it listen on the interface where the first one listens, at `beside`, on its own port."""
        self.second = second
        """Where it is."""
        self._environment = {key: value for key, value in environment.items() if not key.startswith(OWN_VARIABLES)}
        host = parse_address(beside).host
        self._environment[f"{OWN_VARIABLES}LISTEN"] = (
            f"[{host}]:{second.listen}" if ":" in host else f"{host}:{second.listen}"
        )
        self._colour = colour

    async def __aenter__(self) -> Self:
        loaded = self._load()
        self._logs = Logs(loaded.settings, loaded.first_server, colour=self._colour)
        try:
            self.worker = Worker(loaded, self._logs.outlets)
            self.worker.add_sweep(self._logs.tick)
            await self.worker.start()
        except BaseException:
            self._logs.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await asyncio.shield(self.worker.stop())
        finally:
            self._logs.close()

    def reload(self) -> None:
        """Read its settings anew, as the first does; a refusal is told as an event."""
        try:
            self.worker.reload(self._load())
        except (SettingsInvalid, NeedsRestart, CannotListen, OSError, ssl.SSLError) as fault:
            self.worker.refuse_reload(" ".join(str(fault).split("\n")))

    def _load(self) -> Loaded:
        return load(str(self.second.settings), self._environment, {})
