"""The switch as it was turned at run time, over what the settings say; what follows from it is left to `control`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from proxy.model.sites import Site, Topology

RUN_TIME = "run time"
"""What stands as the source of a switch that was turned at run time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """What was turned. It holds over reloads, until it is taken back or the proxy starts anew."""

    default: bool | None = None
    """Whether untrusted servers are used, for sites that have no value below; None: the settings say."""
    sites: Mapping[str, bool] = field(default_factory=dict)
    """The same by name of the site, case folded."""

    def turn(self, site: str | None, allow: bool | None) -> "Switches":
        """Turn the switch of a site, or of every one for None; `allow` None takes back what was turned."""
        if site is None:
            return Switches(default=allow)
        sites = {name: value for name, value in self.sites.items() if name != site.casefold()}
        return replace(self, sites=sites if allow is None else {**sites, site.casefold(): allow})

    def of(self, site: str) -> bool | None:
        """Give what was turned for a site; None: the settings say."""
        return self.sites.get(site.casefold(), self.default)

    def put_on(self, topology: Topology) -> Topology:
        """Give the topology with the switches that were turned."""
        return replace(topology, sites=tuple(map(self._turned, topology.sites)))

    def _turned(self, site: Site) -> Site:
        allow = self.of(site.name)
        if allow is None:
            return site
        return replace(site, policy=replace(site.policy, allow_untrusted=allow, source=RUN_TIME))
