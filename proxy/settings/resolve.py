"""Settings to the values that the other rooms hold: every override applied, every policy with its source.

Makes values only; contexts, sockets and pools are made from them elsewhere.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from proxy.model.health import HealthRules
from proxy.model.limits import Limits, Timeouts
from proxy.model.sites import CaMode, PathLimits, Server, Site, Topology, TrustPolicy
from proxy.settings import health_schema, schema, site_schema
from proxy.settings.addresses import as_https, check_host, parse_address, parse_internal_url
from proxy.settings.parse import Parsed
from proxy.settings.pins import read_pin
from proxy.settings.problems import Layer, spell_path
from proxy.settings.statuses import read_statuses
from proxy.settings.terms import Table
from proxy.settings.trust_schema import put_over

_SWITCH = "allow_internal_untrusted_certs"


def to_topology(parsed: Parsed, generations: Mapping[str, int]) -> Topology:
    """Give all sites with what is in force for each.

    `generations` is site name → generation of its policy. A site that is not in it gets a number of its own, above all
    that are: no two policies share one, so a connection made under one site's policy is never taken for another's.
    """
    settings = parsed.settings
    fresh = max(generations.values(), default=0)
    sites = []
    for site in settings.sites:
        number = generations.get(site.name)
        if number is None:
            number = fresh = fresh + 1
        sites.append(_to_site(parsed, site, number))
    return Topology(first_server=settings.server.name, sites=tuple(sites))


def to_timeouts(base: schema.Timeouts | Timeouts, *overrides: Table) -> Timeouts:
    """Give the times in force: `[timeouts]`, then what a site and a route say instead."""
    return Timeouts(**_merge(base, Timeouts.__slots__, overrides))


def to_limits(base: schema.Limits | Limits, *overrides: Table) -> Limits:
    """Give the sizes in force: `[limits]`, then what a site and a route say instead."""
    return Limits(**_merge(base, Limits.__slots__, overrides))


def to_health(base: health_schema.Health, *overrides: Table) -> HealthRules:
    """Give the rules in force: `[health]`, then what a site says instead."""
    merged = _merge(base, HealthRules.__slots__, overrides)
    return HealthRules(**{**merged, "expect": tuple(map(read_statuses, merged["expect"]))})


def to_policy(parsed: Parsed, site: site_schema.Site, generation: int) -> TrustPolicy:
    """Give the policy of one site; its own keys stand in place of those of `[trust]`, key by key."""
    allow, source = _switch_of(parsed, site)
    trust = put_over(parsed.settings.trust, site.trust)
    return TrustPolicy(
        allow_untrusted=allow,
        ca_files=trust.ca_files,
        ca_mode=CaMode(trust.ca_mode),
        check_chain="chain" in trust.verify,
        check_name="name" in trust.verify,
        check_expiry="expiry" in trust.verify,
        pins=tuple(map(read_pin, trust.pin_spki_sha256)),
        crl_files=trust.crl_files,
        partial_chain=trust.partial_chain,
        strict_rfc5280=trust.strict_rfc5280,
        min_tls_version=trust.min_tls_version,
        client_cert=trust.client_cert,
        client_key=trust.client_key,
        source=source,
        generation=generation,
    )


def to_server(site: str, server: site_schema.SiteServer) -> Server:
    """Give one server of a site: what its URL says, what is dialled and what is verified."""
    url = parse_internal_url(as_https(server.url))
    dialled = parse_address(server.connect_to, url.port) if server.connect_to else url
    return Server(
        site=site,
        url=server.url,
        host=url.host,
        port=url.port,
        connect_host=dialled.host,
        connect_port=dialled.port,
        tls_name=check_host(server.tls_name) if server.tls_name else url.host,
    )


def default_switch(parsed: Parsed) -> tuple[bool, str]:
    """Give the switch for sites that have none of their own, and who said so."""
    return parsed.settings.trust.allow_internal_untrusted_certs, _source(parsed, ("trust",))


def is_default_switch(topology: Topology) -> bool:
    """Tell whether some site uses untrusted servers because nobody said anything; then a warning is due at start."""
    return any(site.policy.source == "default" for site in topology.sites)


def name_first_server(settings: schema.Settings, host_name: str) -> schema.Settings:
    """Give settings whose server has a name: the machine's where none is set, made fit for `Via` and `Proxy-Status`."""
    if settings.server.name:
        return settings
    fit = "".join(each if each.isascii() and (each.isalnum() or each in "-._") else "-" for each in host_name)
    named = msgspec.structs.replace(settings.server, name=fit.strip("-._")[:63].rstrip("-._") or "casproxy")
    return msgspec.structs.replace(settings, server=named)


def fold_path(prefix: str) -> str:
    """Write a path prefix as it is compared: lower case, without the slash at its end."""
    return prefix.lower().rstrip("/")


def _to_site(parsed: Parsed, site: site_schema.Site, generation: int) -> Site:
    timeouts = to_timeouts(parsed.settings.timeouts, site.timeouts)
    limits = to_limits(parsed.settings.limits, site.limits)
    routes = [
        PathLimits(
            prefix=fold_path(prefix),
            timeouts=to_timeouts(timeouts, route.timeouts),
            limits=to_limits(limits, route.limits),
        )
        for prefix, route in site.routes.items()
    ]
    return Site(
        name=site.name,
        servers=tuple(to_server(site.name, each) for each in site.servers),
        policy=to_policy(parsed, site, generation),
        external_url=site.external_url,
        redirect=site.redirect,
        delegate=site.delegate,
        compat=site.compat,
        own=site.own,
        legacy_url=site.legacy_url,
        hosts=tuple(check_host(each).removesuffix(".") for each in site.hosts),
        paths=tuple(map(fold_path, site.paths)),
        preserve_host=site.preserve_host,
        health=to_health(parsed.settings.health, site.health),
        balance=site.balance,
        affinity=site.affinity,
        default=site.default,
        timeouts=timeouts,
        limits=limits,
        routes=tuple(sorted(routes, key=lambda each: (-len(each.prefix), each.prefix))),
    )


def _switch_of(parsed: Parsed, site: site_schema.Site) -> tuple[bool, str]:
    """Give the switch's value for a site and who said so: a table, a variable, a flag, or `default`."""
    own = site.trust.allow_internal_untrusted_certs
    if own is None:
        return default_switch(parsed)
    return own, _source(parsed, ("sites", site.name, "trust"))


def _source(parsed: Parsed, table: tuple[str, ...]) -> str:
    origin = parsed.origins[spell_path((*table, _SWITCH))]
    match origin.layer:
        case Layer.DEFAULT:
            return "default"
        case Layer.FILE:
            return spell_path(table)
        case _:
            return origin.name


def _merge(base: object, names: tuple[str, ...], overrides: tuple[Table, ...]) -> dict[str, Any]:
    """Take each name from the last table that sets it; the values are numbers of the names' types."""
    merged = {name: getattr(base, name) for name in names}
    for each in overrides:
        merged |= {name: value for name, value in msgspec.structs.asdict(each).items() if value is not None}
    return merged
