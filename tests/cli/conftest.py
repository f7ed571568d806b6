"""Backend sites for commands that look at servers, an admin listener for those that ask."""

import pytest

from tests.admin_running import running_admin
from tests.threaded_lab import running_lab


@pytest.fixture(scope="session")
def sites(tmp_path_factory):
    """Run the lab's five sites, four of them with a fault."""
    with running_lab(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def admin(tmp_path, monkeypatch):
    """Run an admin listener that commands find, with its token, through the environment."""
    for name in ("CONFIG", "SERVER__ADMIN_TOKEN"):
        monkeypatch.delenv(f"CASPROXY_{name}", raising=False)
    token = tmp_path / "admin.token"
    with running_admin() as running:
        token.write_text(f"{running.state.token}\n")
        monkeypatch.setenv("CASPROXY_SERVER__ADMIN", running.address)
        monkeypatch.setenv("CASPROXY_SERVER__ADMIN_TOKEN_FILE", str(token))
        yield running
