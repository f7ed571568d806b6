"""What of the limits is one worker's: the proxy as a whole keeps to what the settings say."""

import os
from dataclasses import replace

from proxy.model.limits import Limits
from proxy.model.sites import Topology
from proxy.service.memory import allowed_connections
from proxy.settings.keys import AUTO
from proxy.settings.resolve import to_limits
from proxy.settings.schema import Settings


def count_workers(settings: Settings) -> int:
    """Give the number of workers; `auto` is one for each processor that this process may use."""
    workers = settings.server.workers
    return len(os.sched_getaffinity(0)) if workers == AUTO else int(workers)


def limits_of_worker(settings: Settings) -> Limits:
    """Give a worker's limits: its share of all connections, if there can be descriptors for so many.

    `connections_per_client` is not shared out: all of a client's connections may come to one worker.
    """
    limits = to_limits(settings.limits)
    wanted = share_of(limits.connections, count_workers(settings))
    fitting, _ = allowed_connections(wanted)
    return replace(limits, connections=fitting)


def share_upstreams(topology: Topology, workers: int) -> Topology:
    """Give the topology with each site's connections to a server shared out."""
    if workers == 1:
        return topology
    return replace(
        topology,
        sites=tuple(replace(site, limits=_shared(site.limits, workers)) for site in topology.sites),
    )


def share_of(whole: int, workers: int) -> int:
    """Give one worker's part, rounded up: nobody gets nothing."""
    return -(-whole // workers)


def _shared(limits: Limits, workers: int) -> Limits:
    return replace(limits, upstream_connections=share_of(limits.upstream_connections, workers))
