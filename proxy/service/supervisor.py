"""Forks the processes of a proxy with several workers, replaces those that end, and passes signals on.

This process runs no event loop and reads nothing: what it forks begins clean. It holds the listening sockets, so that
connections which wait outlive every other process, and the TLS contexts, so that browsers resume at every worker.
"""

import asyncio
import gc
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proxy.service.calls import DRAIN_CUT, HURRY, OK
from proxy.service.certificates import Stock
from proxy.service.channel import Said, frame
from proxy.service.control import Load
from proxy.service.control_process import ControlProcess
from proxy.service.heritage import Heritage
from proxy.service.load import Loaded
from proxy.service.share import count_workers
from proxy.service.sockets import bind_all
from proxy.service.transports import new_loop
from proxy.service.worker_process import WorkerProcess
from proxy.settings.resolve import to_timeouts

CONTROL = 0
"""Number of the control process; workers have those from 1 on."""
SPARE_CERTIFICATES = 8
"""Certificates that a reload may add and browsers still resume with at every worker."""
SOON_SECONDS = 10.0
"""A process that lived for longer is replaced at once."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
"""Seconds before one that did not is replaced: the first time, and in the end; each pause doubles."""
GRACE_SECONDS = 10.0
"""After the drain time, before what has not ended is killed."""
INTERNAL_ERROR = 4

SIGNALS = frozenset((signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGCHLD))


@dataclass(slots=True)
class _Place:
    """Where a process stands, and others after it."""

    number: int
    pid: int = 0
    """0: nobody stands there."""
    began: float = 0.0
    due: float = 0.0
    """When the next one is forked."""
    pause: float = 0.0
    """The last one before that."""
    forks: int = 0


def supervise(loaded: Loaded, load: Load, *, colour: bool = True) -> int:
    """Serve with several workers until a signal ends it; 0, or 5 when `timeouts.drain` cut something off.

    Raises: CannotListen, OSError.
    """
    sockets = bind_all(loaded.settings.server, count_workers(loaded.settings))
    folder = _make_folder(loaded.settings.server.state_dir)
    lifeline, hold = os.pipe()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        meeting = Path(folder) / "control"
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(meeting))
            listening.listen()
            listening.setblocking(False)
            heritage = Heritage(
                loaded=loaded,
                load=load,
                sockets=sockets,
                stock=Stock(1 + len(loaded.settings.server.certificates) + SPARE_CERTIFICATES),
                meeting=str(meeting),
                lifeline=lifeline,
                colour=colour,
            )
            gc.collect()
            gc.freeze()  # what is there by now is shared by all: collections of theirs would copy it
            return Supervisor(heritage, listening, hold).run()
    finally:
        gc.unfreeze()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for descriptor in (lifeline, hold):
            os.close(descriptor)
        sockets.close()
        shutil.rmtree(folder, ignore_errors=True)


def _make_folder(state_dir: str) -> str:
    """Make a folder that only this user may enter; where there is no folder for temporary ones, among our own."""
    try:
        return tempfile.mkdtemp(prefix="casproxy-")
    except FileNotFoundError:
        return tempfile.mkdtemp(prefix="casproxy-", dir=state_dir)


class Supervisor:
    """The parent. Its signals are blocked: it takes them one by one."""

    def __init__(self, heritage: Heritage, meeting: socket.socket, hold: int) -> None:
        self._heritage = heritage
        self._meeting = meeting
        self._hold = hold
        self._control = _Place(CONTROL)
        self._workers = [_Place(number) for number in range(1, count_workers(heritage.loaded.settings) + 1)]
        self._is_ending = False
        self._was_cut = False
        self._killing_at = float("inf")

    def run(self) -> int:
        """Fork everybody, look after them until the end; gives the exit code."""
        try:
            while not self._is_over():
                self._fork_due()
                self._take(signal.sigtimedwait(SIGNALS, self._patience()))
        finally:
            for place in self._places():
                if place.pid:
                    with suppress(ProcessLookupError):
                        os.kill(place.pid, signal.SIGKILL)
                    os.waitpid(place.pid, 0)
        return DRAIN_CUT if self._was_cut else OK

    # ── signals ──────────────────────────────────────────────────────────────────────────────────

    def _take(self, taken: signal.struct_siginfo | None) -> None:
        number = taken.si_signo if taken is not None else 0
        if number in (signal.SIGTERM, signal.SIGINT):
            self._end()
        elif number in (signal.SIGHUP, signal.SIGUSR1):
            _send(self._control, signal.Signals(number))
        self._reap()
        if time.monotonic() >= self._killing_at:
            self._killing_at = float("inf")
            for place in self._places():
                _send(place, signal.SIGKILL)

    def _end(self) -> None:
        """Begin the end, or hurry: workers drain, and control ends after the last of them."""
        number = HURRY if self._is_ending else signal.SIGTERM
        if not self._is_ending:
            self._is_ending = True
            drain = to_timeouts(self._heritage.loaded.settings.timeouts).drain
            self._killing_at = time.monotonic() + drain + GRACE_SECONDS
            for each in self._heritage.sockets.browser_side():
                each.close()
            _send(self._control, signal.SIGTERM)
        for place in self._workers:
            _send(place, number)

    # ── processes ────────────────────────────────────────────────────────────────────────────────

    def _places(self) -> list[_Place]:
        return [self._control, *self._workers]

    def _is_over(self) -> bool:
        return self._is_ending and not any(place.pid for place in self._places())

    def _patience(self) -> float:
        """Give the seconds until something is due."""
        moments = [place.due for place in self._places() if not place.pid and not self._is_ending]
        return min(max(min([*moments, self._killing_at, time.monotonic() + 60.0]) - time.monotonic(), 0.0), 60.0)

    def _fork_due(self) -> None:
        now = time.monotonic()
        for place in self._places():
            if not place.pid and not self._is_ending and place.due <= now:
                self._fork(place, now)

    def _fork(self, place: _Place, now: float) -> None:
        is_first = place.forks == 0
        place.forks += 1
        place.began = now
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            place.pid = pid
            return
        os.close(self._hold)
        if place.number == CONTROL:
            _live(lambda: ControlProcess(self._heritage, self._meeting, is_first=is_first).run())
        self._meeting.close()
        _live(lambda: WorkerProcess(place.number, self._heritage).run())

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            for place in self._places():
                if place.pid == pid:
                    self._note_end(place, os.waitstatus_to_exitcode(status))

    def _note_end(self, place: _Place, code: int) -> None:
        now, pid = time.monotonic(), place.pid
        place.pid = 0
        if self._is_ending:
            self._was_cut = self._was_cut or (place.number != CONTROL and code not in (OK, -signal.SIGTERM, -HURRY))
            return
        place.pause = 0.0 if now - place.began > SOON_SECONDS else min(place.pause * 2 or FIRST_PAUSE, LONGEST_PAUSE)
        place.due = now + (place.pause if place.forks > 1 else 0.0)
        if code != OK:
            self._tell(place.number, pid, _how(code))

    def _tell(self, number: int, pid: int, how: str) -> None:
        """Have control say that a process was lost; it finds this in its socket even if it is not there yet."""
        with suppress(OSError), socket.socket(socket.AF_UNIX) as line:
            line.settimeout(0.2)
            line.connect(self._heritage.meeting)
            line.sendall(frame(Said("process_lost", (number, pid, how))))


def _send(place: _Place, number: signal.Signals) -> None:
    if place.pid:
        with suppress(ProcessLookupError):
            os.kill(place.pid, number)


def _how(code: int) -> str:
    """Put an exit code into words."""
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def _live(work: Callable[[], Coroutine[Any, Any, int]]) -> None:
    """Be a forked process to its end: nothing of the parent's own end may happen here."""
    code = INTERNAL_ERROR
    try:
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):  # the terminal sends them to everybody
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        with asyncio.Runner(loop_factory=new_loop) as runner:
            code = runner.run(work())
    except BaseException:  # noqa: BLE001 - whatever it is, this process ends here
        traceback.print_exc()
    finally:
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
