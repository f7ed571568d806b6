"""Backend sites for commands that look at servers."""

import pytest

from tests.threaded_lab import running_lab


@pytest.fixture(scope="session")
def sites(tmp_path_factory):
    """Run the lab's five sites, four of them with a fault."""
    with running_lab(tmp_path_factory.mktemp("lab")) as running:
        yield running
