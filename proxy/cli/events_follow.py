"""Follows the events of a running proxy over breaks and restarts; which events and how they are written is a `Wish`."""

import sys
import time
from collections.abc import Callable

from proxy.admin.answers import Status
from proxy.cli.admin_client import Admin, NoAnswerError
from proxy.cli.admin_place import AdminFault
from proxy.cli.events_query import JSON, Page, Wish

FIRST = 10
"""Events told before the first new one, unless a number or a time says otherwise."""
PAUSES = (0.5, 1.0, 2.0, 5.0)
"""Seconds between attempts to reach the proxy again; the last one again and again."""


class Follow:
    """One who follows."""

    def __init__(
        self, admin: Admin, wish: Wish, write: Callable[[bytes], None], pause: Callable[[float], object] = time.sleep
    ) -> None:
        """Follow what `admin` tells; `pause` waits so many seconds."""
        self._admin = admin
        self._wish = wish
        self._write = write
        self._pause = pause
        self._started_at = ""
        """Which run of the proxy the numbers are of."""
        self._last = 0
        self._failures = 0

    def run(self) -> None:
        """Tell the last ones, then each that comes, without an end. Raises: AdminFault when it cannot go on."""
        self._begin()
        while True:
            try:
                self._stream()
                self._lost("The connection ended.")
            except NoAnswerError as fault:
                self._lost(str(fault))
            self._pause(PAUSES[min(self._failures, len(PAUSES)) - 1])

    def _begin(self) -> None:
        self._started_at = self._run_of_proxy()
        bounds = self._wish.bounds
        if "after" in bounds:
            self._last = int(bounds["after"])
            return
        query = {**self._wish.filters, "limit": FIRST, **bounds}
        page = self._admin.read(self._admin.get("/api/events", query), Page)
        for each in page.events:
            self._tell(each.sequence, bytes(each.record))
        self._last = page.last

    def _stream(self) -> None:
        """Follow until the connection ends; what happened since the last one comes first."""
        if self._failures:
            self._find_again()
        for told in self._admin.follow({**self._wish.filters, "after": self._last}):
            if told.sequence:
                self._tell(told.sequence, told.record)
                self._last = told.sequence
            elif self._failures:
                self._failures = 0
                _say("connected again.")

    def _find_again(self) -> None:
        """See whether the numbers still mean what they did."""
        started_at = self._run_of_proxy()
        if started_at != self._started_at:
            self._started_at, self._last = started_at, 0
            _say("the proxy was started anew.")

    def _run_of_proxy(self) -> str:
        return self._admin.read(self._admin.get("/api/status"), Status).started_at

    def _tell(self, sequence: int, record: bytes) -> None:
        if self._wish.format == JSON:
            self._write(record + b"\n")
            return
        try:
            self._write(self._admin.get(f"/api/events/{sequence}", {"format": self._wish.format}))
        except NoAnswerError:
            raise
        except AdminFault as fault:  # so many came that it is not kept any more
            _say(str(fault))

    def _lost(self, sentence: str) -> None:
        if not self._failures:
            _say(f"{sentence} Trying again.")
        self._failures += 1


def _say(sentence: str) -> None:
    print(f"casproxy events: {sentence}", file=sys.stderr, flush=True)
