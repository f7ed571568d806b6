"""Asks a server one question over TLS to see whether it works; when to ask, and what follows, is left to others.

The connection is opened as those of requests are: at switch 0 not one byte of HTTP is sent to a server that is not
trusted. It carries nothing else, and the answer's body is not read.
"""

import asyncio
from contextlib import suppress
from typing import NamedTuple

from proxy.errors import OurFault, ProxyError, UpstreamNotTrusted
from proxy.message.response import Names, ResponseFacts, ResponseReader
from proxy.model.health import HealthRules
from proxy.model.limits import Limits, Timeouts
from proxy.model.message import ResponseHead
from proxy.model.sites import Server, TrustPolicy
from proxy.upstream.connection import UpstreamConnection
from proxy.upstream.pool import Dial
from proxy.upstream.terms import Question

_QUESTION = Question(b"GET", b"", Names((), b"", "", ""))
"""Nothing of the answer is passed on, so nothing is rewritten."""


class Check(NamedTuple):
    """A server to ask."""

    server: Server
    policy: TrustPolicy
    timeouts: Timeouts
    rules: HealthRules


class Finding(NamedTuple):
    """What came of it."""

    ok: bool
    """Whether the server works. One that is not trusted does: what is refused is not down."""
    why: str
    """What was found wrong, a sentence; empty: nothing."""


class Asker:
    """Asks servers. `dial` is that of requests."""

    def __init__(self, dial: Dial, reader: ResponseReader, first_server: str) -> None:
        self._dial = dial
        self._reader = reader
        self._via = first_server

    async def ask(self, check: Check) -> Finding | None:
        """Ask, and judge the status of the answer; None: a fault of ours kept us from asking. Raises nothing."""
        server, policy, timeouts, rules = check
        try:
            async with asyncio.timeout(rules.timeout):
                dialed = await self._dial(server, policy, timeouts, self._new_connection)
                assert isinstance(dialed.protocol, UpstreamConnection)
                return await self._hear(dialed.protocol, check)
        except TimeoutError:
            what = f"did not answer GET {rules.path} within {rules.timeout:g} s (health.timeout)"
            return Finding(ok=False, why=f"{server.authority} {what}.")
        except UpstreamNotTrusted as refused:
            return Finding(ok=True, why=str(refused))
        except OurFault:
            return None
        except ProxyError as fault:
            return Finding(ok=False, why=str(fault))

    async def _hear(self, connection: UpstreamConnection, check: Check) -> Finding:
        server, _, _, rules = check
        ear = Ear()
        try:
            if connection.transport is None or connection.transport.is_closing():
                return Finding(ok=False, why=f"{server.authority} closed the connection right after the TLS handshake.")
            connection.ask(ear, _QUESTION, self._spell(check))
            answer = await ear.heard
        finally:
            connection.abort()  # nothing more is wanted, and a server that hangs is not waited for
        if isinstance(answer, str):
            return Finding(ok=False, why=f"{server.authority} {answer}.")
        if rules.is_expected(answer):
            return Finding(ok=True, why="")
        return Finding(ok=False, why=f"{server.authority} answered {answer} to GET {rules.path} (health.expect).")

    def _spell(self, check: Check) -> bytes:
        lines = (
            f"GET {check.rules.path} HTTP/1.1",
            f"Host: {check.server.authority}",
            f"Via: 1.1 {self._via}",
            "User-Agent: casproxy",
            "Accept: */*",
            "Connection: close",
        )
        return "\r\n".join([*lines, "", ""]).encode()

    def _new_connection(self) -> UpstreamConnection:
        return UpstreamConnection(self._reader, Limits(), Nobody())


class Ear:
    """Waits for the head of an answer."""

    def __init__(self) -> None:
        self.heard: asyncio.Future[int | str] = asyncio.get_running_loop().create_future()
        """The status, or in words what kept it from coming."""

    def on_interim(self, head: ResponseHead) -> None:
        """Wait on."""

    def on_head(self, head: ResponseHead, facts: ResponseFacts, first: bytes, ended: bool) -> None:
        """Take the status; the rest is of no use."""
        del facts, first, ended
        self._tell(head.status)

    def on_body(self, data: bytes, ended: bool) -> None:
        """Pass it over."""

    def on_broken(self, sentence: str, _error_type: str) -> None:
        """Take what went wrong."""
        self._tell(sentence)

    def pause_sending(self) -> None:
        """Do nothing: the question has been written whole."""

    def resume_sending(self) -> None:
        """Do nothing."""

    def _tell(self, answer: int | str) -> None:
        with suppress(asyncio.InvalidStateError):  # it was told already, or nobody waits any longer
            self.heard.set_result(answer)


class Nobody:
    """Where a connection comes from that belongs to no pool."""

    def forget(self, connection: object) -> None:
        """Do nothing: nobody kept it."""
