"""What of the limits is one worker's share."""

import os

import pytest

from proxy.model.limits import Limits
from proxy.model.sites import Site, Topology
from proxy.service import share
from proxy.service.share import count_workers, limits_of_worker, share_of, share_upstreams
from proxy.settings.schema import Limits as LimitSettings
from proxy.settings.schema import ServerSettings, Settings


def settings(workers: int | str, **limits: int) -> Settings:
    """Make settings with so many workers and these limits."""
    return Settings(server=ServerSettings(certificate="a.pem", workers=workers), limits=LimitSettings(**limits))


@pytest.mark.parametrize(("workers", "counted"), [(1, 1), (3, 3), ("auto", len(os.sched_getaffinity(0)))])
def test_workers_are_counted(workers, counted):
    """`auto` is one for each processor that the process may use."""
    assert count_workers(settings(workers)) == counted


@pytest.mark.parametrize(("fitting", "connections"), [(10, 10), (100, 100), (1000, 100)])
def test_connections_are_lowered_to_what_fits(fitting, connections, monkeypatch):
    """And nothing else changes."""
    monkeypatch.setattr(share, "allowed_connections", lambda wanted: (min(wanted, fitting), 0))
    limits = limits_of_worker(settings(1, connections=100, header_count=50))

    assert limits == Limits(connections=connections, header_count=50)


def test_connections_are_shared_out():
    """Rounded up, and those of one client are not: they may all come to one worker."""
    limits = limits_of_worker(settings(3, connections=100, connections_per_client=50))

    assert (limits.connections, limits.connections_per_client) == (34, 50)


@pytest.mark.parametrize(("whole", "workers", "part"), [(256, 1, 256), (256, 2, 128), (5, 2, 3), (1, 8, 1)])
def test_nobody_gets_nothing(whole, workers, part):
    """Parts are rounded up."""
    assert share_of(whole, workers) == part


def test_connections_to_servers_are_shared_out():
    """For each site by its own limit; one worker has the topology as it is."""
    topology = Topology(
        first_server="CAS01", sites=(Site(name="HQ", servers=(), limits=Limits(upstream_connections=9)),)
    )

    assert share_upstreams(topology, 1) is topology
    assert share_upstreams(topology, 4).sites[0].limits == Limits(upstream_connections=3)
