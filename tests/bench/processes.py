"""Starts programs pinned to a processor and ends them by process id; what they are is left to `candidates`."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.accounting import process_tree

START_SECONDS = 20.0
"""From the start of a program to its first accepted connection."""
STOP_SECONDS = 5.0
"""From SIGTERM to SIGKILL."""


class StartFault(Exception):
    """A program did not start listening; the text holds the end of what it said."""


@dataclass(frozen=True, slots=True)
class Processors:
    """Which processor does what."""

    proxy: int
    load: int
    """Load generator and origin."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How a program is started."""

    arguments: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    """Added to ours."""
    folder: str = "/"
    """Working directory."""


def choose_processors() -> Processors:
    """Take the first and the last processor we may use; they are one and the same on a small machine."""
    usable = sorted(os.sched_getaffinity(0))
    return Processors(usable[0], usable[-1])


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def find_program(name: str) -> str | None:
    """Return the path of a program; Debian keeps servers where ordinary users do not look."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


@contextlib.contextmanager
def running(launch: Launch, *, processor: int, port: int, log: Path) -> Iterator[int]:
    """Run the program until the block ends; yields its process id once it listens.

    Raises: StartFault when it ends or does not listen in time.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            ["taskset", "--cpu-list", str(processor), *launch.arguments],
            env=os.environ | launch.environment,
            cwd=launch.folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches us alone; we end the children in order
        )
    try:
        _wait_until_listening(process, port, log)
        yield process.pid
    finally:
        _stop(process)


def _wait_until_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise StartFault(log.read_text(errors="replace")[-2000:].strip() or f"exit status {process.poll()}, no output")


def _stop(process: subprocess.Popen[bytes]) -> None:
    tree = [stat.pid for stat in process_tree(process.pid)]
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
    if process.poll() is not None:
        tree = [pid for pid in tree if pid != process.pid]
    for pid in tree:  # what outlived its parent
        with contextlib.suppress(ProcessLookupError):
            if os.getsid(pid) == process.pid:  # still ours, not a process id used anew
                os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
