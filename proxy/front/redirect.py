"""Send browsers that come with plain HTTP to HTTPS; nothing else is ever answered on that port."""

import asyncio
import socket

from proxy.errors import ClientFault, LoopDetected
from proxy.front.acceptor import Acceptor
from proxy.front.opening import answer_plainly
from proxy.front.seats import Seat, Seats
from proxy.message.head import parse_request_head
from proxy.message.request import RequestReader
from proxy.model.limits import Limits
from proxy.model.sites import in_brackets
from proxy.pages.render import Pages
from proxy.pages.views import ErrorView, Page, phrase_of

HEAD_SECONDS = 10.0
"""From accept to the end of the head."""
HEAD_LIMITS = Limits(head_bytes=16_384)
"""Less than on the TLS port: there is nothing behind this one that needs long fields."""
HTTPS_PORT = 443

_HEAD_END = b"\r\n\r\n"
_READ_BYTES = 16_384
_PSEUDONYM = "casproxy-redirect"
"""We add no `Via` here, so no request can have been here before."""
_SENTENCES = {
    408: "The request did not arrive in time.",
    431: "The request's head is too large.",
    503: "This server is busy. Please try again shortly.",
}
_PERMANENT_REDIRECT = "308 Permanent Redirect"
"""Keeps method and body, unlike 301 (RFC 9110 §15.4.9)."""


class RedirectListener(Acceptor):
    """One listening socket for plain HTTP. Each connection gets one answer and is closed."""

    def __init__(self, sock: socket.socket, https_port: int, seats: Seats, pages: Pages) -> None:
        super().__init__(sock, seats)
        self._https_port = https_port
        self._pages = pages
        self._reader = RequestReader(_PSEUDONYM)

    async def _receive(self, conn: socket.socket, seat: Seat) -> None:
        try:
            await self._serve(conn, seat)
        except OSError:
            return  # the browser has gone
        finally:
            conn.close()
            seat.leave()

    async def _serve(self, conn: socket.socket, seat: Seat) -> None:
        if seat.is_extra:
            await answer_plainly(conn, self._refuse(503, "Retry-After: 5"))
            return
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                raw = await _read_head(conn)
        except TimeoutError:
            await answer_plainly(conn, self._refuse(408))
            return
        if raw:
            await answer_plainly(conn, self._answer(raw))

    def _answer(self, raw: bytes) -> bytes:
        """Compose the answer to a head, the bytes up to and including its blank line."""
        if not raw.endswith(_HEAD_END):
            return self._refuse(431)
        try:
            head = parse_request_head(raw, HEAD_LIMITS)
            facts = self._reader.read(head)
        except ClientFault as fault:
            return self._refuse(fault.status)
        except LoopDetected:
            return self._refuse(400)
        target = "/" if facts.target == b"*" else facts.target.decode("latin-1")
        location = f"https://{self._authority(facts.name)}{target}"
        answer = _compose(_PERMANENT_REDIRECT, self._pages.redirect(location), f"Location: {location}")
        return _without_body(answer) if head.method == b"HEAD" else answer

    def _authority(self, name: str) -> str:
        host = in_brackets(name)
        return host if self._https_port == HTTPS_PORT else f"{host}:{self._https_port}"

    def _refuse(self, status: int, *lines: str) -> bytes:
        view = ErrorView(status=status, sentence=_SENTENCES.get(status, "The request could not be understood."))
        return _compose(f"{status} {phrase_of(status)}", self._pages.error(view, b"text/html"), *lines)


async def _read_head(conn: socket.socket) -> bytes:
    """Read up to the blank line; without one at the end the head is too large. Empty: the browser has gone."""
    loop = asyncio.get_running_loop()
    data = b""
    while True:
        piece = await loop.sock_recv(conn, _READ_BYTES)
        if not piece:
            return b""
        data = (data + piece).lstrip(b"\r\n") if not data else data + piece
        end = data.find(_HEAD_END)
        if end >= 0:
            return data[: end + len(_HEAD_END)]
        if len(data) > HEAD_LIMITS.head_bytes:
            return data


def _compose(status_line: str, page: Page, *lines: str) -> bytes:
    head = [
        f"HTTP/1.1 {status_line}",
        *lines,
        f"Content-Type: {page.content_type}",
        f"Content-Length: {len(page.body)}",
        "Cache-Control: no-store",
        *(f"{name}: {value}" for name, value in page.headers),
        "Connection: close",
    ]
    return "\r\n".join([*head, "", ""]).encode("latin-1") + page.body


def _without_body(answer: bytes) -> bytes:
    return answer[: answer.index(_HEAD_END) + len(_HEAD_END)]
