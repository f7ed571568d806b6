"""Looks at servers for a command, without a running proxy: many side by side; what is said about them is `cli`'s."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from proxy.model.sites import Topology, TrustPolicy
from proxy.service.transports import LoopTransports
from proxy.upstream.attempt import Attempts, Call, Looker
from proxy.upstream.ladder import climb
from proxy.upstream.monitor import Watched
from proxy.upstream.probe import Probe, Prober
from proxy.upstream.tls import TlsContexts

AT_ONCE = 16
"""Servers looked at side by side."""

Progress = Callable[[int, int], None]
"""Told how many of how many are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A server, what is demanded of it, and how it stands under switch 0."""

    watched: Watched
    """The server with the policy in force, the switch included."""
    probe: Probe
    """How it stands under 0, whatever the switch says."""

    @property
    def is_trusted(self) -> bool | None:
        """Whether 0 would use it; None: it could not be found out."""
        return self.probe.verdict.trusted if self.probe.verdict is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Everything about one server."""

    enforce: Probe
    """Under switch 0."""
    strict: Probe
    """Under switch 0 with `strict_rfc5280`."""
    versions: tuple[str, ...]
    """TLS versions it speaks, lowest first."""
    chain: tuple[bytes, ...]
    """Certificates it presents, DER each; empty when they cannot be had."""


def servers_of(topology: Topology) -> list[Watched]:
    """List the servers of all sites, in the order of the settings."""
    return [Watched(server, site.policy, site.timeouts) for site in topology.sites for server in site.reachable]


def under_enforcement(policy: TrustPolicy) -> TrustPolicy:
    """Give the same policy with the switch at 0."""
    return replace(policy, allow_untrusted=False)


async def check_all(wanted: Sequence[Watched], progress: Progress, known: Sequence[Watched] = ()) -> list[Checked]:
    """Look at every server under switch 0; the answers are in the order of `wanted`. Raises nothing.

    `known` are servers whose certificates may turn up at those that are wanted; without any, the wanted ones.
    """
    prober = _prober(known or wanted)
    room = asyncio.Semaphore(AT_ONCE)
    done = 0

    async def check(watched: Watched) -> Checked:
        nonlocal done
        async with room:
            probe = await prober.probe(watched.server, under_enforcement(watched.policy), watched.timeouts)
        done += 1
        progress(done, len(wanted))
        return Checked(watched=watched, probe=probe)

    progress(0, len(wanted))
    return list(await asyncio.gather(*map(check, wanted)))


async def survey(watched: Watched) -> Survey:
    """Look at one server in every way there is."""
    attempts = _attempts()
    prober = Prober(attempts, _now)
    policy = under_enforcement(watched.policy)
    call = Call(watched.server, policy, watched.timeouts, Looker)
    versions = await climb(attempts, call)
    if versions and max(versions) < policy.min_tls_version:  # else there would be no chain to look at
        call = call._replace(policy=replace(policy, min_tls_version=max(versions)))
    enforce = await prober.probe(watched.server, policy, watched.timeouts)
    strict = await prober.probe(watched.server, replace(policy, strict_rfc5280=True), watched.timeouts)
    return Survey(enforce=enforce, strict=strict, versions=versions, chain=await prober.fetch(call))


def _prober(known: Iterable[Watched]) -> Prober:
    prober = Prober(_attempts(), _now)
    prober.others = tuple((each.server.tls_name, each.server.site) for each in known)
    return prober


def _attempts() -> Attempts:
    return Attempts(TlsContexts(), LoopTransports(asyncio.get_running_loop()))


def _now() -> datetime:
    return datetime.now(UTC)
