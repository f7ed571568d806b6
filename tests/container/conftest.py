"""The image, built once for all tests of this folder."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.container import engine as engines

IMAGE = "localhost/casproxy:test"
BASE = "localhost/base:test"


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[engines.Engine]:
    """Give an engine whose store has the project's image."""
    made = engines.Engine(tmp_path_factory.mktemp("engine"))
    context = tmp_path_factory.mktemp("context")
    try:
        made.podman("import", str(engines.base_archive()), BASE, timeout=300)
        engines.copy_context(context)
        engines.collect_wheels(context / "wheels")
        offline = {"BASE_IMAGE": BASE, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/src/wheels", "REVISION": revision()}
        made.build(context, IMAGE, *[f"--build-arg={name}={value}" for name, value in offline.items()])
        yield made
    finally:
        made.close()


def revision() -> str:
    """Tell the commit that is tested."""
    words = ["git", "rev-parse", "HEAD"]
    done = subprocess.run(words, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
