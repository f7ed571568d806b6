"""`casproxy lab` in a process of its own, as a user starts it, and a browser's way to it."""

import asyncio
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp


class Running:
    """A lab in a process of its own."""

    def __init__(self, folder: Path, *arguments: str, json_too: bool = True) -> None:
        self.folder = folder
        self.log = folder / "events.jsonl"
        if json_too:
            arguments = ("--json", *arguments)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "proxy", "lab", "--port", "0", "--state", str(folder), *arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                env={name: value for name, value in os.environ.items() if not name.startswith("CASPROXY_")},
            )
        assert self.process.stdout is not None
        if not json_too:
            self.introduction = self._read_introduction()
            return
        line = self.process.stdout.readline()
        assert line, self.log.read_text()
        self.facts = json.loads(line)
        self.sites = {site["name"]: site for site in self.facts["sites"]}
        self.users = {user["name"]: user for user in self.facts["users"]}

    def _read_introduction(self) -> list[str]:
        """Read up to the line that tells how to end it."""
        lines = [""]
        while not lines[-1].startswith("  end "):
            line = self.process.stdout.readline().decode()
            assert line, self.log.read_text()
            lines.append(line.rstrip())
        return lines

    def events(self, number: int) -> list[dict[str, object]]:
        """Give the events with this id so far."""
        written, _, _ = self.log.read_text().rpartition("\n")  # what follows is still being written
        lines = [json.loads(line) for line in written.splitlines()]
        return [line for line in lines if line["event.code"] == str(number)]

    def turn(self, switch: int) -> None:
        """Turn the switch as the lab says: edit the settings, send SIGHUP, see event 1010 of each proxy."""
        before = self._reloads()
        path = Path(self.facts["settings"])
        lines = [line for line in path.read_text().splitlines() if "allow_internal" not in line]
        lines.insert(lines.index("[trust]") + 1, f"allow_internal_untrusted_certs = {switch}")
        path.write_text("\n".join(lines))
        self.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 10
        while any(now == before[name] for name, now in self._reloads().items()):
            assert time.monotonic() < deadline, "no reload"
            time.sleep(0.02)

    def _reloads(self) -> dict[str, int]:
        """Count the reloads of each proxy that has started."""
        told = [each["winlog.computer_name"] for each in self.events(1010)]
        return {each["winlog.computer_name"]: told.count(each["winlog.computer_name"]) for each in self.events(14)}

    def end(self) -> int:
        """Press Ctrl-C and give the exit code."""
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(10)
        finally:
            self.process.kill()
            self.process.stdout.close()


class Loopback(aiohttp.abc.AbstractResolver):
    """Every name is this machine, as RFC 6761 says of `localhost`."""

    async def resolve(self, host, port=0, family=0):  # noqa: ARG002 - the signature is aiohttp's
        """Give 127.0.0.1."""
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": 2, "proto": 0, "flags": 0}]

    async def close(self):
        """Have nothing to close."""


@asynccontextmanager
async def client(lab: Running) -> AsyncIterator[aiohttp.ClientSession]:
    """Give a client that trusts the lab's authority, finds `*.localhost` on loopback and keeps cookies."""
    context = ssl.create_default_context(cafile=lab.facts["ca_file"])
    connector = aiohttp.TCPConnector(ssl=context, resolver=Loopback())
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.CookieJar(quote_cookie=False)) as session:
        yield session
    await asyncio.sleep(0.2)  # the client says goodbye to servers in the background
