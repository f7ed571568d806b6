"""Values of the moment as numbers: settings, policies, health, certificates; what is counted is `meter`'s."""

import platform
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from proxy.metrics.names import (
    BUILD,
    CONFIG_HASH,
    HEALTHY,
    IN_FLIGHT,
    LOST,
    NOT_AFTER,
    POLICY,
    RELOAD_OK,
    RELOADED_AT,
    TRUSTED,
    Labels,
    Snapshot,
    Value,
)
from proxy.metrics.places import places_of
from proxy.model.sites import Server, Topology
from proxy.model.verdict import Verdict

POSITIONS = 10
"""Certificates of a chain that are told; longer ones are hostile."""

Standings = Iterable[tuple[Server, Verdict | None]]
"""Each server with the last verdict on it; None: none yet."""


class Certificates:
    """What servers presented last. A look that brings no chain leaves what was known: the alarm must not go out."""

    def __init__(self) -> None:
        self._ends: dict[Labels, dict[Labels, Value]] = {}
        self._trusted: dict[Labels, Value] = {}

    def look(self, standings: Standings) -> None:
        """Take the last verdicts; of two servers at one address the worse counts."""
        trusted: dict[Labels, Value] = {}
        ends: dict[Labels, dict[Labels, Value]] = {}
        for server, verdict in standings:
            if verdict is not None:
                place = (server.site, server.authority)
                trusted[place] = min(_number(trusted.get(place, 1)), verdict.trusted)
                for labels, end in _ends_of(place, verdict).items():
                    known = ends.setdefault(place, {})
                    known[labels] = min(_number(known.get(labels, end)), end)
        self._trusted.update(trusted)
        self._ends.update(ends)

    def arrange(self, topology: Topology) -> None:
        """Forget servers that are no longer in the settings."""
        places = places_of(topology)
        places.prune(self._ends, NOT_AFTER)
        places.prune(self._trusted, TRUSTED)

    def gauges(self) -> Snapshot:
        """Give what is known."""
        return {
            TRUSTED: {**self._trusted},
            NOT_AFTER: {labels: end for ends in self._ends.values() for labels, end in ends.items()},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What holds now."""

    version: str
    """Ours."""
    topology: Topology
    """In force, with the policies that were set at run time."""
    reload_ok: bool = True
    """Whether the settings that were read last are in force."""
    reloaded_at: float = 0.0
    """When those in force were read, seconds since 1970."""
    config_hash: str = ""
    """SHA-256 of the settings in force, hexadecimal."""
    in_flight: int = 0
    """Requests that are being answered, by all workers."""
    healthy: Mapping[tuple[str, str], bool] = field(default_factory=dict)
    """Site and authority to whether requests are sent there; a server that is not named is healthy."""
    lost: Mapping[str, int] = field(default_factory=dict)
    """Sink to the records it could not write."""


def gauges_of(moment: Moment, certificates: Certificates) -> Snapshot:
    """Give every gauge there is, and the counters that others keep."""
    openssl = ssl.OPENSSL_VERSION
    servers = sorted(places_of(moment.topology).servers)
    policies = [(site.name, site.policy) for site in moment.topology.sites]
    return {
        BUILD: {(moment.version, platform.python_version(), openssl): 1},
        RELOAD_OK: {(): float(moment.reload_ok)},
        RELOADED_AT: {(): moment.reloaded_at},
        CONFIG_HASH: {(moment.config_hash,): 1},
        IN_FLIGHT: {(): moment.in_flight},
        HEALTHY: {server: float(moment.healthy.get(server, True)) for server in servers},
        POLICY: {(site, policy.name, policy.source): 1 for site, policy in policies},
        LOST: {(sink,): lost for sink, lost in moment.lost.items()},
        **certificates.gauges(),
    }


def _ends_of(place: tuple[str, str], verdict: Verdict) -> dict[Labels, float]:
    """Give the end of each certificate that was presented and could be read."""
    return {
        (*place, str(position)): facts.not_after.timestamp()
        for position, facts in enumerate(verdict.presented[:POSITIONS])
        if facts.not_after is not None
    }


def _number(value: Value) -> float:
    assert not isinstance(value, list)
    return value
