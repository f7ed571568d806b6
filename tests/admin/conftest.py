"""A state that tests turn by hand and a client that asks the listener made from it."""

import pytest
from aiohttp.test_utils import TestClient, TestServer

from proxy.admin.app import make_app
from tests.admin_double import DoubleState


@pytest.fixture
def state() -> DoubleState:
    """Make a state that is ready, on loopback, with a token."""
    return DoubleState()


@pytest.fixture
async def client(state):
    """Ask a listener that tells about the state; nobody shows a token unless told to."""
    async with TestClient(TestServer(make_app(state))) as asking:
        yield asking


@pytest.fixture
def token(state) -> dict[str, str]:
    """Give the field that shows the token."""
    return {"Authorization": f"Bearer {state.token}"}
