"""Open a verified connection to a backend, or say why there is none; keeping connections is left to `pool`.

Switch 0: one strict handshake; when trust fails, nothing is sent. Switch 1: strict first; only when trust fails, an
event says what 0 would have refused, and the server is dialled again without verification.
"""

import asyncio
import re
import ssl
from collections.abc import Callable
from typing import NamedTuple

from proxy.errors import UpstreamNotTrusted, UpstreamTlsFault, UpstreamUnreachable
from proxy.events.record import Emit, Event
from proxy.model.limits import Timeouts
from proxy.model.sites import Server, TrustPolicy
from proxy.model.wire import ProtocolFactory, Transports
from proxy.trust.reasons import reason_of
from proxy.upstream.reach import Reach, place, raise_for, unreachable
from proxy.upstream.resolve import Address
from proxy.upstream.tls import TlsContexts, leaf_digest, tls_fault_reason, verify_failure

AUDIT_EVENT = 1043
REFUSAL_SECONDS = 1.0
"""A refusal answers further dials for so long: no storm of handshakes, and a mended backend works at once."""
UNTRUSTED_SECONDS = 300.0
"""Under switch 1 a server whose trust failed is dialled without verification for so long, then strictly again."""
REMEMBERED = 1024
"""Servers remembered; beyond it what is over is dropped. Reloads leave entries of policies that are gone."""
GRACE_SECONDS = 5.0
"""The transport's own handshake limit comes this much after ours: its exception cannot be told from a reset."""

_HOST_NAME = re.compile(r"[0-9A-Za-z_:][0-9A-Za-z_.:-]{0,252}")
"""ASCII, other scripts in their `xn--` form, and IP addresses; OpenSSL takes no name that begins with a dot."""
_TLS_CURES = {
    "not_tls": "It does not speak TLS on this port: correct the port of the InternalURL, or switch TLS on there.",
    "tls_version": "It offers no TLS version that is allowed here: enable TLS 1.2 or 1.3 there.",
    "tls_alert": "It ended the handshake with an alert: see its own log; it may want a client certificate.",
    "other": "See the server's own log.",
}


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


class _Refusal(NamedTuple):
    code: int
    text: str
    until: float


class _Untrusted(NamedTuple):
    digest: str
    until: float


class _Refused(Exception):  # never leaves this module
    """A strict handshake failed over trust."""

    def __init__(self, code: int, text: str, address: Address) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.address = address


class _Call(NamedTuple):
    """What one call of `dial` is about."""

    server: Server
    policy: TrustPolicy
    timeouts: Timeouts
    factory: ProtocolFactory

    @property
    def key(self) -> tuple[Server, TrustPolicy]:
        return self.server, self.policy


class Dialer:
    """Opens connections; remembers for a short time whom not to trust."""

    def __init__(
        self,
        contexts: TlsContexts,
        transports: Transports,
        emit: Emit,
        clock: Callable[[], float],
        first_server: str,
    ) -> None:
        self._contexts = contexts
        self._transports = transports
        self._emit = emit
        self._clock = clock
        self._first_server = first_server
        self._reach = Reach()
        self._refusals: dict[tuple[Server, TrustPolicy], _Refusal] = {}
        self._untrusted: dict[tuple[Server, TrustPolicy], _Untrusted] = {}
        self._audited: dict[tuple[Server, TrustPolicy], str] = {}

    async def dial(self, server: Server, policy: TrustPolicy, timeouts: Timeouts, factory: ProtocolFactory) -> Dialed:
        """Open a TLS connection to `server` under `policy`.

        Each attempt calls `factory` anew; a protocol of an attempt that was given up may be told of a connection and
        its loss, so it must not write in `connection_made`.
        Raises: `UpstreamUnreachable`, `UpstreamTlsFault`, and under switch 0 `UpstreamNotTrusted`; nothing was sent
        then. `OurFault` when a file of the policy cannot be read.
        """
        call = _Call(server, policy, timeouts, factory)
        return await (self._dial_allowing(call) if policy.allow_untrusted else self._dial_enforcing(call))

    async def _dial_enforcing(self, call: _Call) -> Dialed:
        refusal = self._refusals.get(call.key)
        if refusal is not None and self._clock() < refusal.until:
            raise _not_trusted(call.server, refusal.code, refusal.text)
        try:
            return await self._dial_strict(call)
        except _Refused as refused:
            until = self._clock() + REFUSAL_SECONDS
            self._make_room(self._refusals)
            self._refusals[call.key] = _Refusal(refused.code, refused.text, until)
            raise _not_trusted(call.server, refused.code, refused.text) from refused

    async def _dial_allowing(self, call: _Call) -> Dialed:
        known = self._untrusted.get(call.key)
        if known is not None and self._clock() < known.until:
            dialed, digest, _ = await self._dial_lax(call)
            if digest == known.digest:
                return dialed
            # Another certificate than the one that was refused: it may be the repaired one.
            dialed.transport.abort()
            self._untrusted.pop(call.key, None)
        try:
            return await self._dial_strict(call)
        except _Refused as refused:
            code, text = refused.code, refused.text
        dialed, digest, address = await self._dial_lax(call)
        self._make_room(self._untrusted)
        self._untrusted[call.key] = _Untrusted(digest, self._clock() + UNTRUSTED_SECONDS)
        self._audit(call, address, digest, (code, text))
        return dialed

    async def _dial_strict(self, call: _Call) -> Dialed:
        transport, protocol, _ = await self._connect(call, self._contexts.strict(call.policy))
        return Dialed(transport, protocol, trusted=True, generation=call.policy.generation)

    async def _dial_lax(self, call: _Call) -> tuple[Dialed, str, Address]:
        transport, protocol, address = await self._connect(call, self._contexts.lax())
        digest = leaf_digest(transport.get_extra_info("ssl_object"))
        return Dialed(transport, protocol, trusted=False, generation=call.policy.generation), digest, address

    async def _connect(
        self, call: _Call, context: ssl.SSLContext
    ) -> tuple[asyncio.Transport, asyncio.BaseProtocol, Address]:
        _check_name(call.server)
        sock, address = await self._reach.connect(call.server, call.timeouts.connect)
        limit = call.timeouts.upstream_tls_handshake
        try:
            async with asyncio.timeout(limit):
                transport, protocol = await self._transports.connect_tls(
                    call.factory, sock, context, call.server.tls_name, limit + GRACE_SECONDS
                )
        except TimeoutError as exc:
            what = f"did not finish the TLS handshake within {limit:g} s (timeouts.upstream_tls_handshake)"
            raise unreachable(call.server, address, what, "connection_timeout") from exc
        except ssl.SSLCertVerificationError as exc:
            failure = verify_failure(exc)
            if failure is None:
                raise _tls_fault(call.server, address, exc) from exc
            raise _Refused(*failure, address) from exc
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError, ConnectionError) as exc:
            what = "closed the connection during the TLS handshake; it may offer nothing newer than TLS 1.1"
            raise unreachable(call.server, address, what, "connection_terminated") from exc
        except ssl.SSLError as exc:
            raise _tls_fault(call.server, address, exc) from exc
        except OSError as exc:
            raise_for(call.server, address, exc)
        return transport, protocol, address

    def _make_room(
        self, memory: dict[tuple[Server, TrustPolicy], _Refusal] | dict[tuple[Server, TrustPolicy], _Untrusted]
    ) -> None:
        if len(memory) >= REMEMBERED:
            now = self._clock()
            for key in [key for key, entry in memory.items() if entry.until <= now]:
                del memory[key]

    def _audit(self, call: _Call, address: Address, digest: str, failure: tuple[int, str]) -> None:
        """Say once for each server, policy and certificate what switch 0 would have refused."""
        if self._audited.get(call.key) == digest:
            return
        if len(self._audited) >= REMEMBERED:
            self._audited.clear()  # at worst something is said twice
        self._audited[call.key] = digest
        server, policy = call.server, call.policy
        code, text = failure
        self._emit(
            Event(
                id=AUDIT_EVENT,
                parameters=(self._first_server, server.host),
                site=server.site,
                server=server.authority,
                address=address.host,
                port=server.connect_port,
                reason=reason_of(code).value,
                code=code,
                code_text=text,
                policy=policy.name,
                policy_source=policy.source,
                generation=policy.generation,
                note=f"SHA-256 of the certificate: {digest}." if digest else "",
            )
        )


def _check_name(server: Server) -> None:
    """Refuse a name that no certificate can bear before a socket exists; transports fail over it in various ways."""
    if not _HOST_NAME.fullmatch(server.tls_name):
        sentence = f"The tls_name of {server.authority} is no host name. Correct it, or the InternalURL."
        raise UpstreamUnreachable(server.site, server.authority, sentence, "proxy_configuration_error")


def _not_trusted(server: Server, code: int, text: str) -> UpstreamNotTrusted:
    return UpstreamNotTrusted(server.site, server.authority, code=code, text=text)


def _tls_fault(server: Server, address: Address, exc: ssl.SSLError) -> UpstreamTlsFault:
    reason = tls_fault_reason(exc)
    symbol = f" ({exc.reason})" if exc.reason else ""
    sentence = f"The TLS handshake with {server.authority}, dialled at {place(server, address)}, failed{symbol}."
    return UpstreamTlsFault(server.site, server.authority, f"{sentence} {_TLS_CURES[reason]}", reason)
