"""`casproxy healthcheck`: 0, 1 or 3, against a real listener."""

import asyncio
import socket

import pytest

from proxy.admin.app import Admin
from proxy.cli import healthcheck, main
from tests.admin_double import DoubleState


@pytest.mark.parametrize(("ready", "code", "words"), [(True, 0, "ready\n"), (False, 1, "not ready\n")])
async def test_it_tells_what_the_listener_says(ready, code, words, capsys) -> None:
    """A ready proxy is 0, one that drains is 1, and the answer is on standard output."""
    admin = Admin(DoubleState(ready=ready))
    port = await admin.start("127.0.0.1", 0)
    try:
        told = await asyncio.to_thread(main.main, ["healthcheck", "--admin", f"127.0.0.1:{port}"])
    finally:
        await admin.stop()

    assert (told, capsys.readouterr().out) == (code, words)


def test_nobody_there_is_3(capsys) -> None:
    """A refused connection is neither yes nor no."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: refuses

        assert main.main(["healthcheck", "--admin", f"127.0.0.1:{taken.getsockname()[1]}"]) == 3
    assert "did not answer" in capsys.readouterr().err


def test_a_deaf_listener_is_3(monkeypatch) -> None:
    """A listener that never answers is given up after the time limit."""
    monkeypatch.setattr(healthcheck, "TIMEOUT_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        assert main.main(["healthcheck", "--admin", f"127.0.0.1:{deaf.getsockname()[1]}"]) == 3


def test_the_address_comes_from_the_environment(monkeypatch, capsys) -> None:
    """CASPROXY_SERVER__ADMIN is the default; nonsense in it is told."""
    monkeypatch.setenv("CASPROXY_SERVER__ADMIN", "nonsense")

    assert main.main(["healthcheck"]) == 3
    assert "'nonsense' is no address" in capsys.readouterr().err
