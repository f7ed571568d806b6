"""The second proxy of the lab, which runs in the first one's process; what it serves is in `proxy.lab.sign_in`."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from proxy.lab.sign_in import Second
from proxy.model.sites import in_brackets
from proxy.service.load import Loaded, load
from proxy.service.run import housed
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
        self._environment[f"{OWN_VARIABLES}LISTEN"] = f"{in_brackets(host)}:{second.listen}"
        self._colour = colour
        self._house = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self.proxy, _ = await self._house.enter_async_context(housed(self._load(), self._load, colour=self._colour))
        try:
            await self.proxy.start()
        except BaseException:
            await self._house.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._house.aclose()

    async def reload(self) -> None:
        """Read its settings anew, as the first does; a refusal is told as an event."""
        await self.proxy.office.reload()

    def _load(self) -> Loaded:
        return load(str(self.second.settings), self._environment, {})
