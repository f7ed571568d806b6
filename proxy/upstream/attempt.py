"""One connection to a backend, verified or not, or why there is none; what follows from a refusal is left to `dial`.

Both gates are passed here before anybody gets the connection: OpenSSL's handshake, then the pins. Both contexts and
pins are `tls`'.
"""

import asyncio
import re
import ssl
from contextlib import suppress
from typing import NamedTuple

from proxy.errors import UpstreamTlsFault, UpstreamUnreachable
from proxy.model.limits import Timeouts
from proxy.model.sites import Server, TrustPolicy
from proxy.model.wire import ProtocolFactory, Transports
from proxy.upstream.chain import presented_leaf
from proxy.upstream.reach import Reach, place, raise_for, unreachable
from proxy.upstream.resolve import Address
from proxy.upstream.tls import PIN_TEXT, TlsContexts, has_pinned_key, tls_fault_reason, verify_failure

GRACE_SECONDS = 5.0
"""The transport's own handshake limit comes this much after ours: its exception cannot be told from a reset."""
LEAVE_SECONDS = 1.0
"""How long a server may take to answer our goodbye after a look at it."""
EXACT_REMEMBERED = 1024
"""Certificates remembered for policies that leave the chain out."""

_HOST_NAME = re.compile(r"[0-9A-Za-z_:][0-9A-Za-z_.:-]{0,252}")
"""ASCII, other scripts in their `xn--` form, and IP addresses; OpenSSL takes no name that begins with a dot."""
_ANOTHER_CERTIFICATE = frozenset({18, 19, 20, 21})
"""What OpenSSL says to a certificate that is not the one that is trusted."""
_TLS_CURES = {
    "not_tls": "It does not speak TLS on this port: correct the port of the InternalURL, or switch TLS on there.",
    "tls_version": "It offers no TLS version that is allowed here: enable TLS 1.2 or 1.3 there, or lower "
    "min_tls_version for the site.",
    "tls_alert": "It ended the handshake with an alert: see its own log; it may want a client certificate.",
    "other": "See the server's own log.",
}


class Call(NamedTuple):
    """What an attempt is about."""

    server: Server
    """Where to."""
    policy: TrustPolicy
    """What is demanded."""
    timeouts: Timeouts
    """How long it may take."""
    factory: ProtocolFactory
    """Makes the protocol of the connection; it must not write in `connection_made`."""

    @property
    def key(self) -> tuple[Server, TrustPolicy]:
        """What memories are kept by."""
        return self.server, self.policy


class Opened(NamedTuple):
    """A connection after its handshake; nothing has been sent on it."""

    transport: asyncio.Transport
    protocol: asyncio.BaseProtocol
    address: Address
    """What was dialled."""

    @property
    def tls(self) -> ssl.SSLObject:
        """The TLS engine's object; aiofastnet's has the methods that are asked here, but another type."""
        tls: ssl.SSLObject = self.transport.get_extra_info("ssl_object")
        return tls

    @property
    def leaf(self) -> bytes:
        """The server's own certificate in DER; empty when it showed none."""
        return b"".join(presented_leaf(self.tls))


class Looker(asyncio.Protocol):
    """Protocol of a connection that carries nothing; tells when it is over."""

    def __init__(self) -> None:
        self._lost = asyncio.get_running_loop().create_future()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - how it ended makes no difference
        """Note the end."""
        if not self._lost.done():
            self._lost.set_result(None)

    async def ended(self) -> None:
        """Wait for the end."""
        await asyncio.shield(self._lost)


async def leave(opened: Opened, *, at_once: bool = False) -> None:
    """Close a looker's connection and wait until it is gone: in good order, after a moment or `at_once` in any."""
    looker = opened.protocol
    assert isinstance(looker, Looker)
    if not at_once:
        opened.transport.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_SECONDS):
                await looker.ended()
                return
    opened.transport.abort()
    await looker.ended()


class TrustFailed(Exception):  # never leaves this room
    """A verified attempt failed over trust: OpenSSL's verify code, or None when no pin matched."""

    def __init__(self, code: int | None, text: str, address: Address) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.address = address


class Attempts:
    """Makes connections, each anew."""

    def __init__(self, contexts: TlsContexts, transports: Transports) -> None:
        self.contexts = contexts
        """Where the contexts come from."""
        self._transports = transports
        self._reach = Reach()
        self._leaves: dict[tuple[Server, TrustPolicy], bytes] = {}

    async def strict(self, call: Call) -> Opened:
        """Connect and verify all that the policy demands, the pins included.

        Raises: TrustFailed, `UpstreamUnreachable`, `UpstreamTlsFault`; `OurFault` when a file of the policy cannot be
        used. Nothing but a handshake was sent then.
        """
        if call.policy.check_chain:
            opened = await self._connect(call, self.contexts.strict(call.policy))
        else:
            opened = await self._exact(call)
        if not has_pinned_key(call.policy, opened.leaf):
            opened.transport.abort()
            raise TrustFailed(None, PIN_TEXT, opened.address)
        return opened

    async def lax(self, call: Call) -> Opened:
        """Connect and verify nothing. Raises: as `strict`, but never TrustFailed."""
        return await self._connect(call, self.contexts.lax(call.policy))

    async def with_context(self, call: Call, context: ssl.SSLContext) -> Opened:
        """Connect as a context of the caller's demands, for questions about the server; carry no traffic on it."""
        return await self._connect(call, context)

    async def _exact(self, call: Call) -> Opened:
        """Verify without a chain: trust the one certificate the server shows, if its key is pinned, and no other."""
        known = self._leaves.get(call.key)
        if known is not None:
            try:
                return await self._connect(call, self.contexts.exact(call.policy, known))
            except TrustFailed as failed:
                if failed.code not in _ANOTHER_CERTIFICATE:
                    raise
                del self._leaves[call.key]  # the server shows another certificate: look at that one
        looked = await self.lax(call)
        leaf = looked.leaf
        looked.transport.abort()
        if not has_pinned_key(call.policy, leaf):
            raise TrustFailed(None, PIN_TEXT, looked.address)
        opened = await self._connect(call, self.contexts.exact(call.policy, leaf))
        if len(self._leaves) >= EXACT_REMEMBERED:
            self._leaves.clear()
        self._leaves[call.key] = leaf
        return opened

    async def _connect(self, call: Call, context: ssl.SSLContext) -> Opened:
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
            raise TrustFailed(*failure, address) from exc
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError, ConnectionError) as exc:
            what = "closed the connection during the TLS handshake; it may offer nothing newer than TLS 1.1"
            raise unreachable(call.server, address, what, "connection_terminated") from exc
        except ssl.SSLError as exc:
            raise _tls_fault(call.server, address, exc) from exc
        except OSError as exc:
            raise_for(call.server, address, exc)
        return Opened(transport, protocol, address)


def _check_name(server: Server) -> None:
    """Refuse a name that no certificate can bear before a socket exists; transports fail over it in various ways."""
    if not _HOST_NAME.fullmatch(server.tls_name):
        sentence = f"The tls_name of {server.authority} is no host name. Correct it, or the InternalURL."
        raise UpstreamUnreachable(server.site, server.authority, sentence, "proxy_configuration_error")


def _tls_fault(server: Server, address: Address, exc: ssl.SSLError) -> UpstreamTlsFault:
    reason = tls_fault_reason(exc)
    symbol = f" ({exc.reason})" if exc.reason else ""
    sentence = f"The TLS handshake with {server.authority}, dialled at {place(server, address)}, failed{symbol}."
    return UpstreamTlsFault(server.site, server.authority, f"{sentence} {_TLS_CURES[reason]}", reason)
