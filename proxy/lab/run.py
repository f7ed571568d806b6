"""Starts the servers of the sites with real TLS on loopback; the proxy before them is left to the command line."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

from aiohttp import web

from proxy.certkit.chains import CannotMake
from proxy.certkit.faults import FAULTS
from proxy.certkit.leaf import serve_files
from proxy.certkit.pair import Pair
from proxy.certkit.store import Stored, Wanted, open_store
from proxy.lab.backend import Backend
from proxy.lab.notifications import Pace
from proxy.lab.ports import Say, listen_near
from proxy.lab.second_cas import SecondCas
from proxy.lab.topology import BROWSER_NAMES, LOOPBACK, SITES, LabMistake, LabSite, Tables

_SHUTDOWN_SECONDS = 0.2
"""What requests in flight get when the lab ends; long polls are told to end before."""


class _Counting(asyncio.Protocol):
    """Counts what arrives before aiohttp reads it: a byte of a broken request counts, too."""

    def __init__(self, backend: Backend, inner: asyncio.Protocol) -> None:
        self._backend = backend
        self._inner = inner
        self.connection_lost = inner.connection_lost  # type: ignore[method-assign]  # passed on as they are
        self.eof_received = inner.eof_received  # type: ignore[method-assign]
        self.pause_writing = inner.pause_writing  # type: ignore[method-assign]
        self.resume_writing = inner.resume_writing  # type: ignore[method-assign]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._backend.connections_seen += 1
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._backend.bytes_seen += len(data)
        self._inner.data_received(data)


class Lab:
    """The backend sites while the `async with` block runs.

    `faults` override the table per site, `ports` per label, port 0 takes a free one; `more` are files wanted besides;
    `say` hears what had to be changed.
    """

    def __init__(
        self,
        folder: Path,
        sites: Sequence[LabSite] = SITES,
        *,
        faults: Mapping[str, str] | None = None,
        ports: Mapping[str, int] | None = None,
        more: Sequence[Wanted] = (),
        say: Say = lambda _sentence: None,
    ) -> None:
        self.folder = folder
        """Where the certificates are kept."""
        self.sites = tuple(sites)
        """Every server with its site."""
        self.backends: dict[str, Backend] = {}
        """By label, in the order of the table; filled on entry."""
        self.trust: dict[str, Tables] = {}
        """By site name, the keys of its [sites.trust] without which its fault does not show; filled on entry."""
        self._faults = faults or {}
        self._ports = ports or {}
        self._more = more
        self._say = say
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        wanted = [Wanted(stem=site.file_stem, names=(site.host,), fault=self._fault(site)) for site in self.sites]
        front = Wanted(stem="front", names=BROWSER_NAMES)
        stored = await asyncio.to_thread(self._store, [front, *self._more, *wanted])
        async with self._stack:  # undoes everything when a later site cannot start
            for site in self.sites:
                self.backends[site.label] = await self._start(site, stored.pairs[site.file_stem])
            self._stack = self._stack.pop_all()
        self.authority, self.front = stored.ca_file, stored.pairs["front"]
        for site in self.sites:
            self._add_trust(site, stored.pairs[site.file_stem])
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self._stack.aclose()

    def __getitem__(self, label: str) -> Backend:
        return self.backends[label]

    @property
    def ports(self) -> dict[str, int]:
        """Port of each server by its label."""
        return {name: backend.port for name, backend in self.backends.items()}

    def _fault(self, site: LabSite) -> str:
        return self._faults.get(site.name, site.fault)

    def _store(self, wanted: list[Wanted]) -> Stored:
        try:
            return open_store(self.folder, wanted, self._say)
        except CannotMake as refusal:
            raise LabMistake(str(refusal)) from refusal

    def _add_trust(self, site: LabSite, pair: Pair) -> None:
        """Note what the fault of a server needs; files for several servers of a site stand side by side."""
        keys = self.trust.setdefault(site.name, {})
        for key, value in pair.trust_keys(FAULTS[self._fault(site)].policy).items():
            known = keys.get(key)
            if isinstance(known, list) and isinstance(value, list):
                keys[key] = list(dict.fromkeys([*known, *value]))
            else:
                keys[key] = value

    async def _start(self, site: LabSite, pair: Pair) -> Backend:
        kind = SecondCas if site.compat else Backend
        backend = kind(site, self._fault(site), Pace())
        runner = web.AppRunner(
            backend.application(), access_log=None, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_SECONDS
        )
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        make = runner.server
        assert make is not None
        sock = listen_near(self._ports.get(site.label, site.port), f"the server of {site.label}", self._say)
        server = await asyncio.get_running_loop().create_server(
            lambda: _Counting(backend, make()), sock=sock, ssl=serve_files(pair.certificate, pair.key)
        )
        self._stack.callback(server.close)  # first the listener, then what is in flight
        backend.port = int(sock.getsockname()[1])
        return backend


__all__ = ["LOOPBACK", "Lab"]
