"""The lab's backend sites in a thread of their own, for tests of commands that run an event loop themselves."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from proxy.lab.run import Lab
from proxy.lab.toml import to_toml
from proxy.lab.topology import Places, default_settings, place


@dataclass(frozen=True)
class Running:
    """A lab that runs."""

    places: Places
    """Where it is."""

    def settings(self, file: Path, allow: int | None = None) -> str:
        """Write settings for it with the switch; gives the file's name."""
        file.write_text(to_toml(place(default_settings(), self.places, allow)), "utf-8")
        return str(file)

    def server(self, site: str) -> list[str]:
        """Give the arguments of `casproxy probe` that lead to a site's server."""
        host = next(table["servers"][0]["url"] for table in default_settings()["sites"] if table["name"] == site)
        host = host.removeprefix("https://").removesuffix("/owa")
        return [host, "--connect-to", f"127.0.0.1:{self.places.backends[site]}", "--ca", str(self.places.authority)]


@contextmanager
def running_lab(folder: Path, faults: Mapping[str, str] | None = None) -> Iterator[Running]:
    """Run the sites on free ports until the block ends."""
    started, ended = threading.Event(), threading.Event()
    found: list[Lab] = []

    async def serve() -> None:
        async with Lab(
            folder, faults=faults, ports=dict.fromkeys(("HQ", "Branch", "Plant", "Warehouse", "Depot"), 0)
        ) as lab:
            found.append(lab)
            started.set()
            await asyncio.get_running_loop().run_in_executor(None, ended.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),), name="lab")
    thread.start()
    try:
        assert started.wait(30), "the lab did not start"
        lab = found[0]
        places = Places(listen=0, redirect=0, admin=0, backends=lab.ports, folder=lab.folder, trust=lab.trust)
        yield Running(places)
    finally:
        ended.set()
        thread.join(30)
