"""What is said about the trust policies in force, at start and after a reload; resolving them is left to `settings`."""

from collections.abc import Iterator
from pathlib import PurePath

from proxy.events.record import Event
from proxy.model.sites import OLD_TLS_VERSIONS
from proxy.service.load import Loaded
from proxy.settings.effective import Entry, list_effective
from proxy.settings.keys import Kind
from proxy.settings.problems import DEFAULT, Layer

DOUBTFUL, OLD_TLS = 1017, 1024


def policies_of(loaded: Loaded) -> list[tuple[str, str]]:
    """Give each site with its policy and where the switch was set, in words."""
    return [(site.name, f"{site.policy.name} ({site.policy.source})") for site in loaded.topology.sites]


def policy_sentence(loaded: Loaded) -> str:
    """Say what is in force for each site and for all, and who set what is no default."""
    keys = [entry for entry in list_effective(loaded.parsed) if _is_told(entry)]
    parts = [
        ", ".join([f"{name}: {policy}", *(_spell(each) for each in keys if each.path[:2] == ("sites", number))])
        for number, (name, policy) in enumerate(policies_of(loaded))
    ]
    general = ", ".join(_spell(each) for each in keys if each.path[0] == "trust")
    return f"Trust policy: {', '.join(parts)}.{f' For all: {general}.' if general else ''}"


def doubts_of(loaded: Loaded) -> Iterator[Event]:
    """Give the events about settings that work, but will hardly be meant."""
    us = loaded.first_server
    for warning in loaded.warnings:
        yield Event(id=DOUBTFUL, parameters=(us, warning.name), note=str(warning))
    for site in loaded.topology.sites:
        version = site.policy.min_tls_version
        if version in OLD_TLS_VERSIONS:
            yield Event(id=OLD_TLS, parameters=(us, site.name, version), site=site.name)


def _is_told(entry: Entry) -> bool:
    """Choose keys of trust, but for the switch, that somebody set where they stand."""
    is_trust = "trust" in entry.path[:-1] and entry.key.kind is not Kind.SWITCH
    return is_trust and not entry.inherited and entry.origin != DEFAULT


def _spell(entry: Entry) -> str:
    """Name a key with its place: the file without its folder, and the line."""
    origin = entry.origin
    place = f"{PurePath(origin.name).name}:{origin.line}" if origin.layer is Layer.FILE else origin.name
    return f"{entry.key.name} ({place})"
