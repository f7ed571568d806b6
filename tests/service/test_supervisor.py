"""The parent of several processes: it forks, replaces, passes signals on and ends after all of them."""

import gc
import json
import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from proxy.certkit.authority import Authority
from proxy.front.acceptor import CannotListen
from proxy.service.calls import DRAIN_CUT, OK
from proxy.service.load import load
from proxy.service.supervisor import supervise
from tests.loopback import ask_admin, free_port

SETTINGS = """
[server]
name = "CAS01"
listen = "127.0.0.1:0"
admin = "127.0.0.1:PORT"
state_dir = "."
certificate = "front.pem"
key = "front.key.pem"
workers = 2
[timeouts]
drain = "20s"
[log]
format = "json"
[[sites]]
name = "HQ"
default = true
servers = ["https://127.0.0.1:1/owa"]
"""


class Parent:
    """A supervisor in this very process, and somebody beside it who sends signals."""

    def __init__(self, admin: str) -> None:
        self.admin = admin
        self.code: int | None = None
        self.faults: list[BaseException] = []
        self._main = threading.main_thread().ident

    def run(self, story: Callable[["Parent"], None]) -> int:
        """Supervise while `story` happens beside it."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD})
        beside = threading.Thread(target=self._tell, args=(story,), name="story")
        beside.start()
        try:
            read = partial(load, "a.toml", {}, {})
            self.code = supervise(read(), read, colour=False)
        finally:
            beside.join(30)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD})
        if self.faults:
            raise self.faults[0]
        return self.code

    def _tell(self, story: Callable[["Parent"], None]) -> None:
        try:
            self.workers(lambda found: len(found) == 2)
            story(self)
        except BaseException as fault:  # noqa: BLE001 - raised again in the thread of the test
            self.faults.append(fault)
        finally:
            self.send(signal.SIGTERM)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the supervisor: to its thread, for others take none."""
        assert self._main is not None
        signal.pthread_kill(self._main, number)

    def ask(self, path: str) -> Any:
        """Ask the admin API."""
        return ask_admin(self.admin, path)

    def workers(self, condition: Callable[[dict[int, int]], bool]) -> dict[int, int]:
        """Wait until the workers are as wanted; gives them, number to process."""
        end = time.monotonic() + 20
        found: dict[int, int] = {}
        while time.monotonic() < end:
            try:
                found = {each["number"]: each["pid"] for each in self.ask("/api/status")["workers"]}
            except OSError:
                continue
            if condition(found):
                return found
        raise AssertionError(f"They stay {found}")


@pytest.fixture
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Parent]:
    """Make a folder with settings and a certificate."""
    monkeypatch.chdir(tmp_path)
    Authority.create("CA").issue("localhost").write(tmp_path, "front")
    port = free_port()
    (tmp_path / "a.toml").write_text(SETTINGS.replace("PORT", str(port)))
    threshold = gc.get_threshold()
    yield Parent(f"127.0.0.1:{port}")
    gc.set_threshold(*threshold)


def events(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Give the records of all processes."""
    return [json.loads(line) for line in capfd.readouterr().err.splitlines()]


def test_all_end_with_the_first_signal(parent, capfd):
    """Two workers and control were there, and nobody is left; one start and one end are told."""
    seen: list[dict[int, int]] = []
    code = parent.run(lambda here: seen.append(here.workers(lambda found: len(found) == 2)))
    told = [each["event.code"] for each in events(capfd) if each["event.code"] in ("14", "1012", "1013")]

    assert (code, sorted(seen[0]), told) == (OK, [1, 2], ["14", "1012", "1013"])
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_process_that_dies_is_replaced(parent, capfd):
    """With its number; how it ended is told."""

    def kill(here: Parent) -> None:
        before = here.workers(lambda found: len(found) == 2)
        os.kill(before[2], signal.SIGKILL)
        here.workers(lambda found: len(found) == 2 and found[2] != before[2])

    code = parent.run(kill)
    (lost,) = [each for each in events(capfd) if each["event.code"] == "1051"]

    assert (code, lost["winlog.event_data.param3"]) == (OK, "was ended by SIGKILL")


def test_a_signal_reads_the_settings_anew(parent, capfd):
    """Every worker works with them."""

    def change(here: Parent) -> None:
        path = Path("a.toml")
        path.write_text(path.read_text() + "[limits]\ntarget_bytes = 64\n")
        here.send(signal.SIGHUP)
        end = time.monotonic() + 20
        while time.monotonic() < end and here.ask("/api/status")["config"]["last_reload"] is None:
            pass

    parent.run(change)

    assert [each["event.code"] for each in events(capfd)].count("1010") == 1


def test_what_does_not_end_is_killed_and_told_by_the_code(parent, monkeypatch):
    """A worker that hangs holds the end up for no longer than the drain time and some grace."""
    monkeypatch.setattr("proxy.service.supervisor.GRACE_SECONDS", 0.1)
    path = Path("a.toml")
    path.write_text(path.read_text().replace('drain = "20s"', 'drain = "0.1s"'))

    def stop(here: Parent) -> None:
        os.kill(here.workers(lambda found: len(found) == 2)[1], signal.SIGSTOP)

    assert parent.run(stop) == DRAIN_CUT


@pytest.mark.usefixtures("parent")
def test_an_address_in_use_ends_the_start():
    """Nothing was forked."""
    path = Path("a.toml")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        path.write_text(path.read_text().replace('listen = "127.0.0.1:0"', f'listen = "{address}"'))
        read = partial(load, "a.toml", {}, {})

        with pytest.raises(CannotListen):
            supervise(read(), read, colour=False)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_without_a_folder_for_temporary_files_our_own_is_used(parent, monkeypatch):
    """A read-only root file system may have none."""

    def fail(*_arguments: object, **more: object) -> str:
        if "dir" in more:
            return made(*_arguments, **more)
        raise FileNotFoundError(2, "No usable temporary directory found")

    made = tempfile.mkdtemp
    monkeypatch.setattr(tempfile, "mkdtemp", fail)
    seen: list[bool] = []

    assert parent.run(lambda _: seen.append(any(Path().glob("casproxy-*/control")))) == OK
    assert (seen, list(Path().glob("casproxy-*"))) == ([True], [])
