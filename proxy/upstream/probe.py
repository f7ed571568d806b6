"""Finds out how it stands with a backend's trust, without a byte of HTTP; acting on it is left to `dial` and `monitor`.

The verdict's outcome is that of the very attempts that carry traffic. The chain of a refused server is fetched with a
second handshake that verifies nothing; everything told about it is `trust`'s explanation, never a decision.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from proxy.errors import ProxyError
from proxy.model.limits import Timeouts
from proxy.model.sites import Server, TrustPolicy
from proxy.model.verdict import Verdict
from proxy.trust.anchors import Anchors
from proxy.trust.explain import Demand, Judgement, explain
from proxy.upstream.attempt import Attempts, Call, Looker, Opened, TrustFailed, leave
from proxy.upstream.chain import presented_chain, version_of

FETCH_SECONDS = 2.0
"""How long fetching the chain of a refused server may take; the refusal is told all the same when it fails."""
ANCHORS_REMEMBERED = 64
"""Trust stores kept in their parsed form."""


class Probe(NamedTuple):
    """What a look at one server gave."""

    server: Server
    """Whom."""
    at: datetime
    """When, UTC."""
    address: str = ""
    """IP address that was dialled; empty when nothing was reached."""
    verdict: Verdict | None = None
    """How it stands; None: it could not be found out, and `fault` says why."""
    fault: ProxyError | None = None
    """Unreachable, no TLS, or a file of ours that cannot be read."""
    tls_version: str = ""
    """Version of the handshake, `TLS 1.3`."""


class Prober:
    """Looks at servers. `now` is the wall clock, in UTC."""

    def __init__(self, attempts: Attempts, now: Callable[[], datetime]) -> None:
        self._attempts = attempts
        self._now = now
        self._anchors: dict[str, Anchors] = {}
        self.others: tuple[tuple[str, str], ...] = ()
        """(name, site) of every configured server, to recognise one that answers in another's place."""

    async def probe(self, server: Server, policy: TrustPolicy, timeouts: Timeouts) -> Probe:
        """Do a verified handshake, close it, and explain how it went. Raises nothing: faults are in the answer."""
        call = Call(server, policy, timeouts, Looker)
        try:
            opened = await self._attempts.strict(call)
        except TrustFailed as failed:
            verdict = await self.explain_refusal(call, failed)
            return Probe(server, self._now(), failed.address.host, verdict)
        except ProxyError as fault:
            return Probe(server, self._now(), fault=fault)
        chain, version = presented_chain(opened.tls), version_of(opened.tls)
        await leave(opened)
        verdict = await self.explain(call, chain, Judgement(trusted=True))
        return Probe(server, self._now(), opened.address.host, verdict, tls_version=version)

    async def explain_refusal(self, call: Call, failed: TrustFailed) -> Verdict:
        """Fetch the chain of a server that was refused, and say all that is wrong with it."""
        return await self.explain(call, await self.fetch(call), judge(failed))

    async def explain(self, call: Call, chain: tuple[bytes, ...], judgement: Judgement) -> Verdict:
        """Explain a chain, in a thread: a hostile one may take a while."""
        demand = self._demand(call)
        return await asyncio.get_running_loop().run_in_executor(None, explain, chain, judgement, demand, self._now())

    async def explain_opened(self, call: Call, opened: Opened, failed: TrustFailed) -> Verdict:
        """Explain the chain of a connection that is used although trust failed."""
        return await self.explain(call, presented_chain(opened.tls), judge(failed))

    async def fetch(self, call: Call) -> tuple[bytes, ...]:
        """Give the presented chain; empty when it cannot be had in time."""
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                opened = await self._attempts.lax(call._replace(factory=Looker))
        except (ProxyError, TimeoutError):
            return ()
        chain = presented_chain(opened.tls)
        await leave(opened, at_once=True)  # somebody waits for the refusal
        return chain

    def _demand(self, call: Call) -> Demand:
        material = self._attempts.contexts.material(call.policy)
        key = f"{call.policy.ca_mode.value} {material.mark}"
        anchors = self._anchors.get(key)
        if anchors is None:
            if len(self._anchors) >= ANCHORS_REMEMBERED:
                self._anchors.clear()
            anchors = self._anchors[key] = material.as_anchors()
        return Demand(
            name=call.server.tls_name,
            policy=call.policy,
            anchors=anchors,
            lists=material.lists,
            others=tuple(each for each in self.others if each[1] != call.server.site),
        )


def judge(failed: TrustFailed) -> Judgement:
    """Give the judgement that a failed attempt stands for."""
    return Judgement(trusted=False, code=failed.code, text=failed.text, pin_mismatch=failed.code is None)
