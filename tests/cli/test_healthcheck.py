"""`casproxy healthcheck`: 0, 1 or 3, against a real listener."""

import asyncio
import socket

import pytest

from proxy.admin.app import Admin
from proxy.cli import healthcheck, main


class State:
    """Ready or not, as told."""

    def __init__(self, *, ready: bool) -> None:
        self.ready = ready

    def is_ready(self) -> bool:
        """Tell."""
        return self.ready

    def verdicts(self) -> list[dict[str, object]]:
        """Give none."""
        return []

    def admin_token(self) -> str:
        """Demand none."""
        return ""


@pytest.mark.parametrize(("ready", "code", "words"), [(True, 0, "ready\n"), (False, 1, "not ready\n")])
async def test_it_tells_what_the_listener_says(ready, code, words, capsys) -> None:
    """A ready proxy is 0, one that drains is 1, and the answer is on standard output."""
    admin = Admin(State(ready=ready))
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


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("127.0.0.1:9643", ("127.0.0.1", 9643)),
        ("[::1]:1", ("::1", 1)),
        ("0.0.0.0:80", ("127.0.0.1", 80)),
        ("[::]:80", ("::1", 80)),
        ("localhost:80", ("localhost", 80)),
        ("127.0.0.1", None),
        (":80", None),
        ("127.0.0.1:http", None),
        ("127.0.0.1:65536", None),
        ("", None),
    ],
)
def test_addresses(text, place) -> None:
    """`host:port` is taken apart; every address of this machine is asked over loopback."""
    assert healthcheck.parse_address(text) == place
