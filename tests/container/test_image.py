"""The image as an operator gets it: who it runs as, what is in it, that it lives on a read-only root file system."""

import json
import socket
import ssl
import time
from pathlib import Path

import pytest

from proxy.certkit.authority import Authority
from tests.container.conftest import IMAGE, revision
from tests.container.engine import HARDENED, Engine

pytestmark = [pytest.mark.needs_podman, pytest.mark.slow, pytest.mark.timeout(1200)]

PATIENCE_SECONDS = 30


def test_the_image_says_how_it_is_run(engine: Engine) -> None:
    """User, ports, signal, entry point and health check stand in the image."""
    config = engine.inspect(IMAGE)["Config"]

    assert config["User"] == "10001:10001"
    assert set(config["ExposedPorts"]) == {"8443/tcp", "8080/tcp", "9643/tcp"}
    assert config["StopSignal"] in {"SIGTERM", "15"}
    assert (config["Entrypoint"], config["Cmd"]) == (["casproxy"], ["serve"])
    assert engine.inspect(IMAGE)["Healthcheck"]["Test"] == ["CMD", "casproxy", "healthcheck"]


def test_the_image_says_what_it_is(engine: Engine) -> None:
    """Revision and licence are labels."""
    labels = engine.inspect(IMAGE)["Labels"]

    assert labels["org.opencontainers.image.revision"] == revision()
    assert labels["org.opencontainers.image.licenses"] == "MIT"


def test_every_package_is_there(engine: Engine) -> None:
    """`casproxy version` runs as the image's user on a read-only root and finds every package of the lock."""
    told = json.loads(engine.run(IMAGE, "version", "--json").stdout)

    assert None not in told["packages"].values()


def test_nothing_to_build_or_install_with(engine: Engine) -> None:
    """No pip, no compiler, no build back-end in the final stage."""
    probe = (
        "import shutil, importlib.util as u;"
        "print([p for p in ('pip', 'pip3', 'gcc', 'cc', 'ld', 'make') if shutil.which(p)]"
        " + [m for m in ('pip', 'ensurepip', 'setuptools', 'hatchling') if u.find_spec(m)])"
    )

    assert engine.run("--entrypoint", "python", IMAGE, "-c", probe).stdout.strip() == "[]"


def test_the_user_may_write_where_it_must_only(engine: Engine) -> None:
    """The state folder and /tmp can be written, nothing else, and the user is no root."""
    probe = (
        "import os; print(os.getuid(), os.getgid(),"
        " [p for p in ('/', '/etc/casproxy', '/opt/casproxy', '/var/lib/casproxy', '/tmp') if os.access(p, os.W_OK)])"
    )

    told = engine.run("--entrypoint", "python", IMAGE, "-c", probe).stdout.strip()

    assert told == "10001 10001 ['/var/lib/casproxy', '/tmp']"


def test_a_health_check_without_proxy_cannot_tell(engine: Engine) -> None:
    """With nobody listening the health check gives 3 and a sentence."""
    done = engine.run(IMAGE, "healthcheck", "--admin", f"127.0.0.1:{free_port()}", check=False)

    assert done.returncode == 3
    assert "did not answer" in done.stderr


def test_it_serves_is_healthy_and_ends_with_0(engine: Engine, tmp_path: Path) -> None:
    """`serve` answers over TLS on a read-only root, its HEALTHCHECK is content, SIGTERM ends it with 0."""
    port, admin = free_port(), free_port()
    write_settings(tmp_path, port, admin)
    mount = ["--volume", f"{tmp_path}:/etc/casproxy:ro", "--env", f"CASPROXY_SERVER__ADMIN=127.0.0.1:{admin}"]
    engine.podman("run", "--detach", "--name", "served", "--health-interval=disable", *HARDENED, *mount, IMAGE)
    try:
        wait_until_healthy(engine, "served")
        answer = ask(port, tmp_path / "root.pem")
        engine.podman("kill", "--signal", "TERM", "served")
        code = engine.podman("wait", "served", timeout=PATIENCE_SECONDS).stdout.strip()
        told = engine.podman("logs", "served")
    finally:
        engine.podman("rm", "--force", "--volumes", "served")

    assert answer.startswith(b"HTTP/1.1 503 ")  # its only backend is a closed port: ready all the same
    assert code == "0", told.stderr


def free_port() -> int:
    """Choose a port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def write_settings(folder: Path, port: int, admin: int) -> None:
    """Write settings, certificate and key where user 10001 can read them."""
    authority = Authority.create("Container tests")
    (folder / "root.pem").write_bytes(authority.certificate_pem)
    leaf = authority.issue("cas01.localhost")
    (folder / "server.pem").write_bytes(leaf.certificate_pem + leaf.key_pem)
    (folder / "casproxy.toml").write_text(f"""
config_version = 1
[server]
name = "CAS01"
listen = "127.0.0.1:{port}"
admin = "127.0.0.1:{admin}"
certificate = "/etc/casproxy/server.pem"
key = "/etc/casproxy/server.pem"
[[sites]]
name = "HQ"
servers = ["https://127.0.0.1:{free_port()}/owa"]
default = true
""")
    folder.chmod(0o755)
    for path in folder.iterdir():
        path.chmod(0o644)


def wait_until_healthy(engine: Engine, name: str) -> None:
    """Run the image's HEALTHCHECK until it is content."""
    end = time.monotonic() + PATIENCE_SECONDS
    while engine.podman("healthcheck", "run", name, check=False).returncode != 0:
        if time.monotonic() > end:
            told = engine.podman("logs", name, check=False)
            pytest.fail(f"never healthy:\n{told.stdout}\n{told.stderr}")
        time.sleep(0.2)


def ask(port: int, anchor: Path) -> bytes:
    """Get one page over TLS, verified."""
    context = ssl.create_default_context(cafile=str(anchor))
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="cas01.localhost") as tls,
    ):
        tls.sendall(b"GET /owa/ HTTP/1.1\r\nHost: cas01.localhost\r\nConnection: close\r\n\r\n")
        return tls.recv(65536)
