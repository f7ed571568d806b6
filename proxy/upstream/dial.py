"""Open a connection to a backend as the switch says, or say why there is none; keeping connections is `pool`'s.

Switch 0: one strict attempt; when trust fails, nothing is sent. Switch 1: strict first; only when trust fails, an
event says what 0 would have refused, and the server is dialled again without verification.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from proxy.errors import UpstreamNotTrusted, UpstreamTlsFault
from proxy.events.record import Emit, Event
from proxy.model.limits import Timeouts
from proxy.model.sites import Server, TrustPolicy
from proxy.model.verdict import Verdict
from proxy.model.wire import ProtocolFactory
from proxy.trust.reasons import reason_of
from proxy.upstream.attempt import Attempts, Call, Opened, TrustFailed
from proxy.upstream.probe import Prober
from proxy.upstream.tls import leaf_digest

AUDIT_EVENT = 1043
REFUSAL_SECONDS = 1.0
"""A refusal answers further dials for so long: no storm of handshakes, and a mended backend works at once."""
UNTRUSTED_SECONDS = 300.0
"""Under switch 1 a server whose trust failed is dialled without verification for so long, then strictly again."""
REMEMBERED = 1024
"""Servers remembered; beyond it what is over is dropped. Reloads leave entries of policies that are gone."""

TRUSTED, ALLOWED, REFUSED, FAILED = "trusted", "allowed_untrusted", "refused", "error"
"""How a handshake ends; what is refused by a refusal that is remembered needs none."""

Key = tuple[Server, TrustPolicy]
"""What is remembered of a server holds under one policy only."""


class Dialed(NamedTuple):
    """A connection, ready for its first request."""

    transport: asyncio.Transport
    """Made by the transports that were chosen at start."""
    protocol: asyncio.BaseProtocol
    """Made by the caller's factory."""
    trusted: bool
    """Whether OpenSSL accepted the certificate; False only under switch 1."""
    generation: int
    """Generation of the policy it was opened under."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Who is told how trust goes; each call is short and raises nothing."""

    refused: Callable[[Server, TrustPolicy, Verdict], None] = lambda _server, _policy, _verdict: None
    """Trust failed, and this is all that is wrong."""
    trusted: Callable[[Server, TrustPolicy], None] = lambda _server, _policy: None
    """A strict attempt succeeded."""
    handshake: Callable[[Server, str, str], None] = lambda _server, _outcome, _reason: None
    """A handshake ended: how (one of the four words below), and why its verification failed; empty: it did not."""


class _Refusal(NamedTuple):
    code: int | None
    text: str
    verdict: Verdict
    until: float


class _Untrusted(NamedTuple):
    digest: str
    until: float


class _Audited(NamedTuple):
    digest: str
    reason: str


class Dialer:
    """Opens connections; remembers for a short time whom not to trust."""

    def __init__(
        self, attempts: Attempts, prober: Prober, emit: Emit, clock: Callable[[], float], first_server: str
    ) -> None:
        self._attempts = attempts
        self._prober = prober
        self._emit = emit
        self._clock = clock
        self._first_server = first_server
        self.watch = Watch()
        """Told of every outcome; `service` sets it."""
        self.name_of: Callable[[Server], str] = lambda server: server.host
        """How events name a server (`events.server_name_style`); `service` sets it."""
        self._refusals: dict[Key, _Refusal] = {}
        self._untrusted: dict[Key, _Untrusted] = {}
        self._audited: dict[Key, _Audited] = {}
        self._proven: set[Key] = set()
        self._scouts: dict[Key, asyncio.Event] = {}
        self._looking: dict[Key, asyncio.Task[_Refusal]] = {}

    async def dial(self, server: Server, policy: TrustPolicy, timeouts: Timeouts, factory: ProtocolFactory) -> Dialed:
        """Open a TLS connection to `server` under `policy`.

        Each attempt calls `factory` anew; a protocol of an attempt that was given up may be told of a connection and
        its loss, so it must not write in `connection_made`.
        Raises: `UpstreamUnreachable`, `UpstreamTlsFault`, and under switch 0 `UpstreamNotTrusted`; nothing was sent
        then. `OurFault` when a file of the policy cannot be read.
        """
        call = Call(server, policy, timeouts, factory)
        try:
            return await (self._dial_allowing(call) if policy.allow_untrusted else self._dial_enforcing(call))
        except UpstreamTlsFault:
            self.watch.handshake(server, FAILED, "")
            raise

    def forget(self, server: Server, policy: TrustPolicy, *, trusted: bool) -> None:
        """Forget what was learnt of a server whose trust has changed; a refusal, too, if it is `trusted` now."""
        key = (server, policy)
        self._proven.discard(key)
        self._untrusted.pop(key, None)
        if trusted:
            self._refusals.pop(key, None)

    # ── switch 0 ─────────────────────────────────────────────────────────────────────────────────

    async def _dial_enforcing(self, call: Call) -> Dialed:
        """Let one attempt go ahead where nothing is known yet: a refusal then costs one handshake, not hundreds."""
        self._raise_remembered(call)
        if call.key in self._proven:
            return await self._dial_verified(call)
        scout = self._scouts.get(call.key)
        if scout is not None:
            await scout.wait()
            self._raise_remembered(call)
            return await self._dial_verified(call)
        scout = self._scouts[call.key] = asyncio.Event()
        try:
            return await self._dial_verified(call)
        finally:
            del self._scouts[call.key]
            scout.set()

    async def _dial_verified(self, call: Call) -> Dialed:
        try:
            return await self._dial_strict(call)
        except TrustFailed as failed:
            self._proven.discard(call.key)
            refusal = await asyncio.shield(self._look(call, failed))
            self.watch.handshake(call.server, REFUSED, _reason_of(refusal.verdict, failed))
            raise _not_trusted(call.server, refusal) from failed

    def _raise_remembered(self, call: Call) -> None:
        refusal = self._refusals.get(call.key)
        if refusal is not None and self._clock() < refusal.until:
            raise _not_trusted(call.server, refusal)

    def _look(self, call: Call, failed: TrustFailed) -> asyncio.Task[_Refusal]:
        """Find out once what is wrong with a server, however many were refused at the same time."""
        task = self._looking.get(call.key)
        if task is None:
            name = f"look at {call.server.host}"
            task = self._looking[call.key] = asyncio.get_running_loop().create_task(
                self._explain(call, failed), name=name
            )
            task.add_done_callback(lambda _task: self._looking.pop(call.key, None))
        return task

    async def _explain(self, call: Call, failed: TrustFailed) -> _Refusal:
        verdict = await self._prober.explain_refusal(call, failed)
        self._make_room(self._refusals)
        refusal = _Refusal(failed.code, failed.text, verdict, self._clock() + REFUSAL_SECONDS)
        self._refusals[call.key] = refusal
        self.watch.refused(*call.key, verdict)
        return refusal

    # ── switch 1 ─────────────────────────────────────────────────────────────────────────────────

    async def _dial_allowing(self, call: Call) -> Dialed:
        known = self._untrusted.get(call.key)
        if known is not None and self._clock() < known.until:
            opened = await self._attempts.lax(call)
            if leaf_digest(opened.leaf) == known.digest:
                self.watch.handshake(call.server, ALLOWED, "")
                return _dialed(call, opened, trusted=False)
            # Another certificate than the one that was refused: it may be the repaired one.
            opened.transport.abort()
            self._untrusted.pop(call.key, None)
        try:
            return await self._dial_strict(call)
        except TrustFailed as refused:
            failed = refused
        opened = await self._attempts.lax(call)
        digest = leaf_digest(opened.leaf)
        self._make_room(self._untrusted)
        self._untrusted[call.key] = _Untrusted(digest, self._clock() + UNTRUSTED_SECONDS)
        try:
            reason = await self._audit(call, opened, digest, failed)
        except BaseException:  # cancelled: nobody will get the connection
            opened.transport.abort()
            raise
        self.watch.handshake(call.server, ALLOWED, reason)
        return _dialed(call, opened, trusted=False)

    async def _audit(self, call: Call, opened: Opened, digest: str, failed: TrustFailed) -> str:
        """Say once for each server, policy and certificate what switch 0 would have refused; returns the reason."""
        audited = self._audited.get(call.key)
        if audited is not None and audited.digest == digest:
            return audited.reason
        if len(self._audited) >= REMEMBERED:
            self._audited.clear()  # at worst something is said twice
        self._audited[call.key] = _Audited(digest, reason_of(failed.code).value)
        verdict = await self._prober.explain_opened(call, opened, failed)
        reason = _reason_of(verdict, failed)
        self._audited[call.key] = _Audited(digest, reason)
        server, policy = call.key
        self._emit(
            Event(
                id=AUDIT_EVENT,
                parameters=(self._first_server, self.name_of(server)),
                site=server.site,
                server=server.authority,
                address=opened.address.host,
                port=server.connect_port,
                reason=reason,
                code=failed.code,
                code_text=failed.text,
                policy=policy.name,
                policy_source=policy.source,
                generation=policy.generation,
                verdict=verdict,
            )
        )
        self.watch.refused(server, policy, verdict)
        return reason

    # ── both ─────────────────────────────────────────────────────────────────────────────────────

    async def _dial_strict(self, call: Call) -> Dialed:
        opened = await self._attempts.strict(call)
        if len(self._proven) >= REMEMBERED:
            self._proven.clear()  # at worst the next attempt goes ahead alone
        self._proven.add(call.key)
        self.watch.trusted(*call.key)
        self.watch.handshake(call.server, TRUSTED, "")
        return _dialed(call, opened, trusted=True)

    def _make_room(self, memory: dict[Key, _Refusal] | dict[Key, _Untrusted]) -> None:
        if len(memory) >= REMEMBERED:
            now = self._clock()
            for key in [key for key, entry in memory.items() if entry.until <= now]:
                del memory[key]


def _dialed(call: Call, opened: Opened, *, trusted: bool) -> Dialed:
    return Dialed(opened.transport, opened.protocol, trusted=trusted, generation=call.policy.generation)


def _not_trusted(server: Server, refusal: _Refusal) -> UpstreamNotTrusted:
    return UpstreamNotTrusted(
        server.site, server.authority, code=refusal.code, text=refusal.text, verdict=refusal.verdict
    )


def _reason_of(verdict: Verdict, failed: TrustFailed) -> str:
    return verdict.reason or reason_of(failed.code).value
