"""The second proxy of the lab, which runs in the first one's process; what it serves is in `proxy.lab.sign_in`."""

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from proxy.lab.sign_in import Second
from proxy.service.load import Loaded, load
from proxy.service.outlets import Logs
from proxy.service.single import Single
from proxy.settings.addresses import parse_address

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
            self.proxy = Single(loaded, self._load, self._logs.outlets)
            self.proxy.add_sweep(self._logs.tick)
            await self.proxy.start()
        except BaseException:
            self._logs.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await asyncio.shield(self.proxy.stop())
        finally:
            self._logs.close()

    async def reload(self) -> None:
        """Read its settings anew, as the first does; a refusal is told as an event."""
        await self.proxy.control.reload()

    def _load(self) -> Loaded:
        return load(str(self.second.settings), self._environment, {})
