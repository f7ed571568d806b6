"""Asks a running proxy over its admin API: plain HTTP, straight to the address, whatever proxy the environment names.

Which address and token is `admin_place`'s; what the answers mean is left to the commands.
"""

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from proxy.admin.answers import Refusal
from proxy.cli.admin_place import TOKEN_FILE, UNKNOWN, AdminFault, Place
from proxy.model.clean import clean_text

NO, USAGE = 1, 2
"""Exit codes, besides UNKNOWN."""

TIMEOUT_SECONDS = 10.0
"""For connecting and for each read of what only tells."""
CHANGE_SECONDS = 60.0
"""For a change, which every worker has to make before it is answered."""
SILENCE_SECONDS = 45.0
"""For a stream of events, which says something every 15 seconds."""
MAX_ANSWER = 64 * 1024 * 1024
"""Bytes of an answer; ten thousand events have some tens of millions."""
MAX_LINE = 4 * 1024 * 1024
"""Bytes of a line of a stream; a record with a long chain has some ten thousand."""

Query = Mapping[str, str | int]
Kind = TypeVar("Kind")

_CODES = {400: USAGE, 409: NO, 415: USAGE}
"""Status to exit code; all others mean that it could not be found out."""


class NoAnswerError(AdminFault):
    """Nobody answers, or the connection broke: it may go better later."""


class Told(NamedTuple):
    """A record of the stream."""

    sequence: int
    record: bytes
    """One line of JSON without its end."""


class Admin:
    """A running proxy's admin API. Each call has a connection of its own."""

    def __init__(self, place: Place, timeout: float = TIMEOUT_SECONDS) -> None:
        """Ask the proxy at a place; `timeout` in seconds is for connecting and for each read of what only tells."""
        self.place = place
        self._timeout = timeout

    def get(self, path: str, query: Query | None = None) -> bytes:
        """Give the body of an answer. Raises: AdminFault."""
        with self._asked("GET", path, query, timeout=self._timeout) as response:
            return self._body(response, (http.HTTPStatus.OK,))

    def post(self, path: str, order: Mapping[str, object], also: tuple[int, ...] = ()) -> bytes:
        """Have something changed, and give the body; statuses of `also` are answers, too. Raises: AdminFault."""
        body = json.dumps(order).encode()
        with self._asked("POST", path, None, timeout=CHANGE_SECONDS, body=body) as response:
            return self._body(response, (http.HTTPStatus.OK, *also))

    def follow(self, query: Query) -> Iterator[Told]:
        """Give the records of the stream as they come, until the connection ends. Raises: AdminFault.

        The first thing given is a record of number 0 without text: the stream is open.
        """
        with self._asked("GET", "/api/events/stream", query, timeout=SILENCE_SECONDS) as response:
            if response.status != http.HTTPStatus.OK:
                self._body(response, ())
            yield Told(0, b"")
            yield from self._records(response)

    def read(self, body: bytes, kind: type[Kind]) -> Kind:
        """Read an answer as one of `admin.answers` or `admin.orders`. Raises: AdminFault for any other."""
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            sentence = f"{self.place.name} answered something else than this casproxy knows: {clean_text(str(fault))}."
            raise AdminFault(sentence) from fault

    @contextmanager
    def _asked(
        self, method: str, path: str, query: Query | None, *, timeout: float, body: bytes | None = None
    ) -> Iterator[http.client.HTTPResponse]:
        connection = http.client.HTTPConnection(self.place.host, self.place.port, timeout=timeout)
        target = quote(path) + (f"?{urlencode(query)}" if query else "")
        try:
            connection.request(method, target, body, self._headers(body))
            yield connection.getresponse()
        except (OSError, http.client.HTTPException, UnicodeError) as fault:
            why = str(fault) or type(fault).__name__
            raise NoAnswerError(f"{self.place.name} did not answer: {clean_text(why)}. Does the proxy run?") from fault
        finally:
            connection.close()

    def _headers(self, body: bytes | None) -> dict[str, str]:
        headers = {"Accept": "*/*", "Connection": "close"}
        if self.place.token:
            headers["Authorization"] = f"Bearer {self.place.token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        return headers

    def _body(self, response: http.client.HTTPResponse, accepted: tuple[int, ...]) -> bytes:
        body = response.read(MAX_ANSWER + 1)
        if len(body) > MAX_ANSWER:
            raise AdminFault(f"{self.place.name} answered more than {MAX_ANSWER:,} bytes. Ask for less.")
        if response.status not in accepted:
            raise self._refused(response.status, body)
        return body

    def _refused(self, status: int, body: bytes) -> AdminFault:
        """Put a refusal into words; what cures a missing token is said in words of the command line."""
        try:
            refusal = msgspec.json.decode(body, type=Refusal)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return AdminFault(f"{self.place.name} answered {status}. Is it the admin address of a casproxy?")
        cure = refusal.cure
        if status == http.HTTPStatus.UNAUTHORIZED:
            cure = f"Name its file with --token-file or {TOKEN_FILE}, or the settings with --config."
            if self.place.token or self.place.why_no_token:
                cure = self.place.why_no_token or "The token that was shown is another one."
        return AdminFault(clean_text(f"{refusal.error} {cure}".rstrip()), _CODES.get(status, UNKNOWN))

    def _records(self, response: http.client.HTTPResponse) -> Iterator[Told]:
        """Read server-sent events. Source: HTML, 9.2.6; of what may stand there only what our own stream says."""
        sequence, data = 0, b""
        while line := response.readline(MAX_LINE):
            if len(line) >= MAX_LINE:
                raise AdminFault(f"{self.place.name} sent a line of more than {MAX_LINE:,} bytes.")
            field, _, value = line.rstrip(b"\r\n").partition(b":")
            value = value.removeprefix(b" ")
            if field == b"id" and value.isdigit():
                sequence = int(value)
            elif field == b"data":
                data = value
            elif not field and not value and data:
                yield Told(sequence, data)
                data = b""


def pretty(body: bytes) -> str:
    """Lay JSON out for people who read it all the same."""
    return msgspec.json.format(body, indent=2).decode()


def join(parts: Mapping[str, bytes]) -> bytes:
    """Make one JSON object of several answers."""
    whole: dict[str, Any] = {name: msgspec.Raw(body) for name, body in parts.items()}
    return msgspec.json.encode(whole)
