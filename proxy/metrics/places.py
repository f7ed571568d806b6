"""The sites and servers of the settings in force: what may be told about, and what is forgotten."""

from dataclasses import dataclass
from typing import TypeVar

from proxy.metrics.names import METRICS, Labels
from proxy.model.sites import Topology

NO_SITE = ""
"""Site of requests that came to none."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Places:
    """Sites and servers by name."""

    sites: frozenset[str]
    """Names of sites, `NO_SITE` among them."""
    servers: frozenset[tuple[str, str]]
    """Site and authority of each server that requests may be sent to."""

    def hold(self, site: str, server: str = "") -> bool:
        """Tell whether there is such a place; without a server the site counts."""
        return (site, server) in self.servers if server else site in self.sites

    def prune(self, series: dict[Labels, _T], name: str) -> None:
        """Drop what a metric tells of places that are gone."""
        names = METRICS[name].labels
        if names[:1] != ("site",):
            return
        width = 2 if names[1:2] == ("server",) else 1
        for labels in [labels for labels in series if not self.hold(*labels[:width])]:
            del series[labels]


def places_of(topology: Topology) -> Places:
    """List the places of a topology."""
    return Places(
        frozenset((NO_SITE, *(site.name for site in topology.sites))),
        frozenset((server.site, server.authority) for site in topology.sites for server in site.reachable),
    )
