"""The image with several workers on a read-only root, driven from outside: health, reload by signal, drain on stop."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from proxy.certkit.authority import Authority
from tests.container.conftest import IMAGE
from tests.container.engine import HARDENED, Engine
from tests.container.test_image import PATIENCE_SECONDS, free_port, wait_until_healthy

pytestmark = [pytest.mark.needs_podman, pytest.mark.slow, pytest.mark.timeout(1200)]

NAME = "several"
PIECES, PIECE = 20, b"tick" * 64
SETTINGS = """
config_version = 1
[server]
name = "CAS01"
listen = "127.0.0.1:{port}"
admin = "127.0.0.1:{admin}"
certificate = "/etc/casproxy/server.pem"
[trust]
allow_internal_untrusted_certs = 0
ca_files = ["/etc/casproxy/root.pem"]
[[sites]]
name = "HQ"
servers = [{{ url = "https://cas02.localhost/owa", connect_to = "127.0.0.1:{backend}" }}]
default = true
"""


class Backend:
    """A server that answers in pieces; the later ones wait until they may go."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.go = threading.Event()
        self.asked = 0
        self._context = context
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]

    def serve(self) -> None:
        """Serve until the socket is closed."""
        with suppress(OSError):
            while True:
                plain, _ = self._listening.accept()
                threading.Thread(target=self._answer, args=(plain,), daemon=True).start()

    def close(self) -> None:
        """Let nobody wait."""
        self.go.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _answer(self, plain: socket.socket) -> None:
        with suppress(OSError), self._context.wrap_socket(plain, server_side=True) as tls:
            while b"\r\n\r\n" in tls.recv(65_536):
                self.asked += 1
                tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (PIECES * len(PIECE)) + PIECE)
                self.go.wait(PATIENCE_SECONDS)
                tls.sendall(PIECE * (PIECES - 1))


class Running:
    """The container, its settings and what it proxies to."""

    def __init__(self, engine: Engine, folder: Path, backend: Backend, port: int) -> None:
        self.folder = folder
        self.backend = backend
        self._engine = engine
        self._port = port
        self._context = ssl.create_default_context(cafile=str(folder / "root.pem"))

    def ask(self) -> ssl.SSLSocket:
        """Send a request."""
        plain = socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE_SECONDS)
        tls = self._context.wrap_socket(plain, server_hostname="cas01.localhost")
        tls.sendall(b"GET /owa/ HTTP/1.1\r\nHost: cas01.localhost\r\nConnection: close\r\n\r\n")
        return tls

    def send(self, signal: str) -> None:
        """Send the container a signal."""
        self._engine.podman("kill", "--signal", signal, NAME)

    def events(self) -> list[int]:
        """Give the numbers of the events so far."""
        told = self._engine.podman("logs", NAME)
        lines = [json.loads(line) for line in (told.stderr + told.stdout).splitlines()]
        return [line["winlog.event_id"] for line in lines if "winlog.event_id" in line]

    def processes(self) -> list[tuple[str, str]]:
        """Give user and parent of each process."""
        pid = self._engine.podman("inspect", "--format", "{{.State.Pid}}", NAME).stdout.strip()
        family = [pid, *Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return [(_status(each, "Uid"), _status(each, "PPid")) for each in family]


def _status(pid: str, name: str) -> str:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith(f"{name}:"))


def until(condition: Callable[[], bool], complaint: str) -> None:
    """Wait for a condition."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, complaint
        time.sleep(0.1)


def finish(browser: ssl.SSLSocket) -> bytes:
    """Read an answer to its end; gives its body."""
    with browser:
        raw = b"".join(iter(lambda: browser.recv(65_536), b""))
    head, _, body = raw.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    return body


@contextmanager
def running(engine: Engine, folder: Path) -> Iterator[Running]:
    """Serve with two workers as the image's own user, nothing writable but /tmp."""
    authority = Authority.create("Container tests")
    leaf = authority.issue("cas01.localhost")
    (folder / "root.pem").write_bytes(authority.certificate_pem)
    (folder / "server.pem").write_bytes(leaf.certificate_pem + leaf.key_pem)
    backend = Backend(authority.issue("cas02.localhost").server_context())
    port, admin = free_port(), free_port()
    (folder / "casproxy.toml").write_text(SETTINGS.format(port=port, admin=admin, backend=backend.port))
    folder.chmod(0o755)
    for path in folder.iterdir():
        path.chmod(0o644)
    threading.Thread(target=backend.serve, daemon=True).start()
    mount = ["--volume", f"{folder}:/etc/casproxy:ro", "--env", f"CASPROXY_SERVER__ADMIN=127.0.0.1:{admin}"]
    detached = ["--detach", "--name", NAME, "--health-interval=disable"]
    engine.podman("run", *detached, *HARDENED, *mount, IMAGE, "serve", "--workers", "2")
    try:
        wait_until_healthy(engine, NAME)
        yield Running(engine, folder, backend, port)
    finally:
        backend.close()
        engine.podman("rm", "--force", NAME, check=False)


def test_it_is_operated_from_outside(engine: Engine, tmp_path: Path) -> None:
    """Four processes of user 10001; HUP renews certificates under a request, `stop` lets it finish and ends with 0."""
    with running(engine, tmp_path) as served:
        family = served.processes()
        assert [user for user, _ in family] == ["10001"] * 4
        begun = [served.ask() for _ in range(8)]
        until(lambda: served.backend.asked == len(begun), "not every request arrived")
        served.send("HUP")
        until(lambda: 1010 in served.events(), "nothing was reloaded")
        begun.append(served.ask())
        until(lambda: served.backend.asked == len(begun), "after the reload nothing arrived")
        stopping = threading.Thread(target=engine.podman, args=("stop", "--time", "20", NAME))
        stopping.start()
        until(lambda: 1012 in served.events(), "it does not drain")
        served.backend.go.set()
        assert [finish(browser) for browser in begun] == [PIECE * PIECES] * len(begun)
        stopping.join(PATIENCE_SECONDS)
        code = engine.podman("inspect", "--format", "{{.State.ExitCode}}", NAME).stdout.strip()
        assert (code, served.events()[-1]) == ("0", 1013)
