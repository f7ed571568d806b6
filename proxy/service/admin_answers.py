"""Values of the proxy as what the admin API tells, one function for each answer; asking for them is `admin_state`'s."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from proxy.admin.answers import (
    Config,
    ConfigKey,
    Connections,
    Health,
    Key,
    Policies,
    Policy,
    Pool,
    Server,
    ServerPool,
    Servers,
    Site,
    SitePolicy,
    Sites,
    SiteSwitch,
    Switch,
    SwitchValue,
    Traffic,
    Trust,
    WorkerConnections,
    WorkerState,
)
from proxy.admin.orders import SwitchChange, TrustChanged
from proxy.metrics.totals import Traffic as Counted
from proxy.model import sites
from proxy.service.control import Turned
from proxy.service.crew import InForce, Report, ServerState
from proxy.service.switches import RUN_TIME
from proxy.settings.effective import Entry, list_effective, list_site_trust

SWITCH_KEY = "allow_internal_untrusted_certs"
_GRAVE = ("down", "half_open", "up", "unchecked")
"""States of a server's health, the one that is told first when workers differ."""

Address = tuple[str, str]
"""Site and authority of a server."""


def time_of(at: float) -> str:
    """Write a moment in seconds since 1970 as RFC 3339."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def switch_value(allow: bool) -> SwitchValue:
    """Give the switch as a number."""
    return 1 if allow else 0


# ── processes and connections ────────────────────────────────────────────────────────────────────


def worker_states(reports: Iterable[Report]) -> tuple[WorkerState, ...]:
    """Tell of the processes that serve."""
    return tuple(
        WorkerState(
            number=each.number,
            pid=each.pid,
            started_at=time_of(each.started_at),
            connections=each.connections,
            in_flight=each.in_flight,
        )
        for each in reports
    )


def connections_of(reports: Sequence[Report]) -> Connections:
    """Tell of the connections on both sides."""
    return Connections(
        workers=tuple(
            WorkerConnections(number=each.number, pid=each.pid, connections=each.connections, in_flight=each.in_flight)
            for each in reports
        ),
        upstream=tuple(
            ServerPool(site=site, server=server, open=pool.open, idle=pool.idle, waiting=pool.waiting)
            for (site, server), pool in pools_of(reports).items()
        ),
    )


def pools_of(reports: Iterable[Report]) -> dict[Address, Pool]:
    """Add up the connections to each server."""
    pools: dict[Address, Pool] = {}
    for report in reports:
        for site, server, state in report.upstreams:
            before = pools.get((site, server), Pool())
            pools[site, server] = Pool(
                open=before.open + state.open, idle=before.idle + state.idle, waiting=before.waiting + state.waiting
            )
    return pools


def health_of(reports: Iterable[Report], now: float) -> dict[Address, Health]:
    """Give the gravest that any worker found of each server."""
    found: dict[Address, ServerState] = {}
    for report in reports:
        for each in report.health:
            before = found.get((each.site, each.server))
            if before is None or _GRAVE.index(each.state) < _GRAVE.index(before.state):
                found[each.site, each.server] = each
    return {
        address: Health(state=each.state, since=time_of(now - each.seconds), why=each.why)
        for address, each in found.items()
    }


# ── sites and servers ────────────────────────────────────────────────────────────────────────────


def sites_of(topology: sites.Topology, traffic: Mapping[str, Counted]) -> Sites:
    """Tell of every site with its traffic."""
    return Sites(sites=tuple(_site(each, traffic.get(each.name, Counted())) for each in topology.sites))


def servers_of(topology: sites.Topology, reports: Sequence[Report], now: float) -> Servers:
    """Tell of every server with its health and connections."""
    pools, health = pools_of(reports), health_of(reports, now)
    unchecked = Health(state="unchecked")
    return Servers(
        servers=tuple(
            Server(
                site=site.name,
                server=server.authority,
                url=server.url,
                dialled=server.dialled,
                tls_name=server.tls_name,
                health=health.get((site.name, server.authority), unchecked),
                connections=pools.get((site.name, server.authority), Pool()),
            )
            for site in topology.sites
            for server in site.servers
        )
    )


def _site(site: sites.Site, counted: Counted) -> Site:
    policy = site.policy
    return Site(
        name=site.name,
        default=site.default,
        hosts=site.hosts,
        paths=site.paths,
        external_url=site.external_url,
        redirect="" if site.own or not site.external_url else site.redirect,
        policy=Policy(
            allow_internal_untrusted_certs=switch_value(policy.allow_untrusted),
            name="allow" if policy.allow_untrusted else "enforce",
            source=policy.source,
            run_time=policy.source == RUN_TIME,
            generation=policy.generation,
        ),
        servers=tuple(server.authority for server in site.servers),
        traffic=Traffic(requests=counted.requests, errors=counted.errors, seconds=counted.seconds),
    )


# ── trust and settings ───────────────────────────────────────────────────────────────────────────


def trust_of(in_force: InForce, default: tuple[bool, str]) -> Trust:
    """Tell how the switch stands everywhere; `default` for sites that have none of their own, and who said so."""
    allow, source = default
    return Trust(
        default=Switch(allow_internal_untrusted_certs=switch_value(allow), source=source, run_time=source == RUN_TIME),
        sites=tuple(
            SiteSwitch(
                site=site.name,
                allow_internal_untrusted_certs=switch_value(site.policy.allow_untrusted),
                source=site.policy.source,
                run_time=site.policy.source == RUN_TIME,
            )
            for site in in_force.loaded.topology.sites
        ),
    )


def policies_of(in_force: InForce) -> Policies:
    """Tell every site's policy in full."""
    return Policies(policies=tuple(_policy(in_force, site) for site in in_force.loaded.topology.sites))


def _policy(in_force: InForce, site: sites.Site) -> SitePolicy:
    policy = site.policy
    entries = list_site_trust(in_force.loaded.parsed, site.name)
    keys = {each.key.name: Key(value=each.value, origin=str(each.origin)) for each in entries}
    keys[SWITCH_KEY] = Key(value=int(policy.allow_untrusted), origin=_origin(policy.source, keys[SWITCH_KEY].origin))
    return SitePolicy(
        site=site.name,
        allow_internal_untrusted_certs=switch_value(policy.allow_untrusted),
        source=policy.source,
        run_time=policy.source == RUN_TIME,
        keys=keys,
    )


def config_of(in_force: InForce, default: tuple[bool, str]) -> Config:
    """Tell the settings in force, with the switches that were turned at run time."""
    loaded = in_force.loaded
    switches = {f"sites.{site.name}.trust.{SWITCH_KEY}": site.policy for site in loaded.topology.sites}

    def spell(entry: Entry) -> ConfigKey:
        policy = switches.get(entry.name)
        value, origin = entry.value, str(entry.origin)
        if policy is not None:
            value, origin = int(policy.allow_untrusted), _origin(policy.source, origin)
        elif entry.name == f"trust.{SWITCH_KEY}":
            value, origin = int(default[0]), _origin(default[1], origin)
        return ConfigKey(key=entry.name, value=value, origin=origin)

    return Config(file=loaded.file, keys=tuple(map(spell, list_effective(loaded.parsed))))


def changes_of(turned: Turned, wanted: str | None) -> TrustChanged:
    """Tell what turning the switch has done: where it stands otherwise, or somebody else says so."""
    changes = []
    if wanted is None and turned.default_before != turned.default_after:
        changes.append(_change(None, turned.default_before, turned.default_after))
    for before, after in zip(turned.before.sites, turned.after.sites, strict=True):
        was, is_now = _stand(before), _stand(after)
        if was != is_now:
            changes.append(_change(after.name, was, is_now))
    return TrustChanged(changes=tuple(changes), connections_closed=turned.closed)


def _stand(site: sites.Site) -> tuple[bool, str]:
    return site.policy.allow_untrusted, site.policy.source


def _change(site: str | None, before: tuple[bool, str], after: tuple[bool, str]) -> SwitchChange:
    return SwitchChange(
        site=site,
        before=switch_value(before[0]),
        after=switch_value(after[0]),
        source_before=before[1],
        source_after=after[1],
    )


def _origin(source: str, origin: str) -> str:
    return RUN_TIME if source == RUN_TIME else origin
