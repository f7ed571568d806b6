"""A proxy in one process: control and worker beside each other."""

import asyncio

import pytest

from proxy.service.crew import Report
from tests.stage import OK, answering, stage

GET = b"GET /owa/ HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def test_control_asks_the_worker_how_it_is_doing():
    """Connections of browsers and of servers are counted."""
    async with stage({"HQ": answering(OK)}) as running:
        browser = await running.browser()
        await browser.ask(GET)
        (report,) = await running.proxy.reports()
        browser.close()

    assert isinstance(report, Report)
    assert (report.number, report.connections, report.in_flight) == (1, 1, 0)
    assert [(each.site, each.server, each.state) for each in report.upstreams] == [("HQ", "cas.hq.test", (1, 1, 0))]


async def test_a_certificate_that_is_gone_at_the_start_leaves_nothing_open():
    """Somebody took it away after it was checked."""
    async with stage({"HQ": answering(OK)}, apart=True) as running:
        proxy = running.make()
        port = proxy.port
        (running.folder / "front.pem").unlink()
        with pytest.raises(FileNotFoundError):
            await proxy.start()

        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
