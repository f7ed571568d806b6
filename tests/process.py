"""`casproxy serve` as a process of its own: its log lines as they come, its signals, its memory and descriptors."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.loopback import until
from tests.stage import Stage

PATIENCE = 15.0
ROOT = Path(__file__).parent.parent


class Served:
    """A running `casproxy serve`."""

    def __init__(self, process: asyncio.subprocess.Process, path: Path) -> None:
        self.process = process
        self.path = path
        """Its settings."""
        self.errors: list[bytes] = []
        """Lines of standard error."""
        self.output: list[bytes] = []
        """Lines of standard output."""
        self._read: list[dict[str, Any]] = []
        loop = asyncio.get_running_loop()
        assert process.stderr is not None
        assert process.stdout is not None
        self._readers = [
            loop.create_task(_collect(process.stderr, self.errors), name="standard error"),
            loop.create_task(_collect(process.stdout, self.output), name="standard output"),
        ]

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every record of the log so far."""
        self._read += [json.loads(line) for line in self.errors[len(self._read) :]]
        return self._read

    def seen(self, number: int) -> list[dict[str, Any]]:
        """Give the records of an event."""
        return [event for event in self.events if event["winlog.event_id"] == number]

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until `condition` holds."""
        await until(lambda: bool(condition()), f"it never came true; the process said {self.errors!r}", PATIENCE)

    async def event(self, number: int, count: int = 1) -> dict[str, Any]:
        """Wait for an event to be logged so often; gives the last record."""
        await self.until(lambda: len(self.seen(number)) >= count)
        return self.seen(number)[-1]

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and give the exit code."""
        self.send(number)
        return await self.ended()

    async def ended(self) -> int:
        """Wait for the end, with everything that was said; gives the exit code."""
        async with asyncio.timeout(PATIENCE):
            code = await self.process.wait()
            await asyncio.gather(*self._readers)
        return code

    @property
    def resident(self) -> int:
        """Resident memory in KiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))

    @property
    def descriptors(self) -> int:
        """Open descriptors."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))


async def _collect(reader: asyncio.StreamReader, lines: list[bytes]) -> None:
    while line := await reader.readline():
        lines.append(line)


@asynccontextmanager
async def started(*arguments: str, path: Path, before: str = "") -> AsyncIterator[Served]:
    """Run `casproxy` with these arguments; `before` is shell that comes first, for instance `ulimit`."""
    process = await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-c",
        f'{before}\nexec "$@"',
        "sh",
        sys.executable,
        "-m",
        "proxy",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    served = Served(process, path)
    try:
        yield served
    finally:
        if process.returncode is None:
            process.kill()
        await served.ended()


@asynccontextmanager
async def serving(running: Stage, *, before: str = "", settings: str = "") -> AsyncIterator[Served]:
    """Serve a stage that was started `apart` and wait until it is ready; `settings` instead of the stage's."""
    path = running.folder / "apart.toml"
    path.write_text(settings or running.settings)
    async with started("serve", "--config", str(path), path=path, before=before) as served:
        note = (await served.event(14))["casproxy.note"]
        running.apart_port = int(note.partition("https://127.0.0.1:")[2].partition(".")[0])
        yield served
