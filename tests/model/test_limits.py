"""Defaults are part of the interface: administrators know them without looking."""

from dataclasses import FrozenInstanceError, asdict

import pytest

from proxy.model.limits import Limits, Timeouts


def test_times_have_the_documented_defaults():
    """Every key of `[timeouts]` with its default, in seconds."""
    assert asdict(Timeouts()) == {
        "tls_handshake": 10.0, "request_head": 15.0, "keep_alive": 75.0, "body_progress": 60.0, "connect": 5.0,
        "upstream_tls_handshake": 10.0, "response_head": 120.0, "tunnel_idle": 300.0, "drain": 30.0,
    }  # fmt: skip


def test_sizes_have_the_documented_defaults():
    """Every key of `[limits]` with its default; the body's is OWA's 35 MB."""
    assert asdict(Limits()) == {
        "connections": 10000, "connections_per_client": 200, "target_bytes": 8192, "header_bytes": 16384,
        "head_bytes": 65536, "header_count": 100, "body_bytes": 35 * 1024 * 1024, "pipelined_requests": 16,
        "upstream_connections": 256,
    }  # fmt: skip


@pytest.mark.parametrize("value", [Limits(), Timeouts()], ids=repr)
def test_limits_do_not_change(value):
    """A limit in force is replaced as a whole, never altered."""
    with pytest.raises((FrozenInstanceError, TypeError)):
        value.connections = 1
