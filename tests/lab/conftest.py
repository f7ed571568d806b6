"""A backend site without TLS, for tests of its pages."""

import pytest
from aiohttp.test_utils import TestClient, TestServer

from proxy.lab.backend import Backend
from proxy.lab.notifications import Pace
from proxy.lab.topology import SITES

QUICK = Pace(news_after=0.01, heartbeat=0.01, ends_after=0.05)


@pytest.fixture
async def branch():
    """Give a client of the site Branch, whose notifications are quick."""
    backend = Backend(SITES[1], SITES[1].fault, QUICK)
    async with TestClient(TestServer(backend.application())) as client:
        client.backend = backend
        yield client
