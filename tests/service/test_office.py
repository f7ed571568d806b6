"""Control with what belongs to it: numbers, files that are watched, the admin listener."""

import asyncio
import json
import urllib.request

import pytest

from proxy.metrics.names import EVENTS, REQUESTS
from proxy.service.run import housed
from tests.loopback import until
from tests.stage import OK, Stage, answering, stage

GET = b"GET /owa/ HTTP/1.1\r\nHost: localhost\r\n\r\n"


def ask(running: Stage, path: str) -> str:
    """Ask the admin listener."""
    with urllib.request.urlopen(f"http://127.0.0.1:{running.proxy.admin_port}{path}", timeout=10) as answer:
        return answer.read().decode()


async def test_events_are_counted_kept_and_written():
    """Once each, whoever emits them."""
    async with stage({"HQ": answering(OK)}) as running:
        office = running.proxy.office
        kept = [each.event for each in office.state.recent.query()]

        assert kept == running.events
        assert office.meter.snapshot()[EVENTS]["14",] == 1


async def test_a_reload_changes_what_is_counted():
    """Sites that are gone are forgotten, new ones begin at 0."""
    async with stage({"HQ": answering(OK)}) as running:
        running.reload(running.settings.replace('name = "HQ"', 'name = "Head"'))
        merged = running.proxy.office.totals.merged()

        assert {labels[0] for labels in merged[REQUESTS]} == {"Head"}


async def test_files_are_watched_where_it_is_wanted():
    """A changed file is read by itself; settings that are wrong are refused and said, once."""
    lines = "watch = true\n"
    async with stage({"HQ": answering(OK)}, server_settings=lines) as running:
        path = running.folder / "casproxy.toml"
        path.write_text(running.settings + "[limits]\ntarget_bytes = 64\n")
        await running.until(lambda: running.seen(1010))
        long = (await running.ask(GET.replace(b"/owa/", b"/owa/" + b"x" * 64))).status
        path.write_text("nonsense")
        await running.until(lambda: running.seen(1011))

        assert long == 414
        assert len(running.seen(1010)) == len(running.seen(1011)) == 1


async def test_a_file_that_was_missing_may_come():
    """Settings that were refused for it are read again then."""
    async with stage({"HQ": answering(OK)}, server_settings="watch = true\n") as running:
        missing = running.folder / "later.pem"
        path = running.folder / "casproxy.toml"
        path.write_text(
            running.settings.replace(f'ca_files = ["{running.folder}/ca.pem"]', f'ca_files = ["{missing}"]')
        )
        await running.until(lambda: running.seen(1011))
        missing.write_bytes((running.folder / "ca.pem").read_bytes())
        await running.until(lambda: running.seen(1010))

        assert len(running.seen(1011)) == 1


async def test_the_admin_listener_tells_of_it():
    """As JSON and as numbers."""
    async with stage({"HQ": answering(OK)}) as running:
        status = json.loads(await asyncio.to_thread(ask, running, "/api/status"))
        metrics = await asyncio.to_thread(ask, running, "/metrics")

        assert (status["name"], status["ready"], status["log_level"], status["sinks"]) == (
            "CAS01",
            True,
            "info",
            [{"name": "event stream", "lost": 0}],
        )
        assert 'casproxy_events_total{event_id="14"} 1.0' in metrics


@pytest.mark.usefixtures("capfd")
async def test_collectors_that_cannot_be_used_after_a_reload_are_said():
    """Events go where they went before, and everything else of the new settings is in force."""
    async with stage({"HQ": answering(OK)}, apart=True) as running:
        loaded = running._load(running.settings)
        gone = (
            running.settings + f'[log]\naccess_file = "{running.folder}/logs/access.log"\n[limits]\ntarget_bytes = 64\n'
        )
        async with housed(loaded, lambda: running._load(gone), colour=False) as (proxy, logs):
            await proxy.start()
            (running.folder / "logs").mkdir()
            fresh = running._load(gone)
            (running.folder / "logs").rmdir()
            proxy.control._load = lambda: fresh
            told = await proxy.office.reload()
            kept = [each.event.id for each in logs.recent.query()]

            assert told.ok
            assert (1017 in kept, proxy.worker.holder.now.limits.target_bytes) == (True, 64)


async def test_an_end_waits_for_no_reload():
    """What a changed file asked for is broken off."""
    async with stage({"HQ": answering(OK)}, server_settings="watch = true\n") as running:
        office = running.proxy.office
        async with office.control._changing:
            (running.folder / "casproxy.toml").write_text(running.settings + "# changed\n")
            await until(lambda: bool(office._tasks), "nobody asked")
            async with asyncio.timeout(5):
                await office.close()

        assert running.seen(1010) == []
