"""`casproxy serve` as people run it: what it says, how it reloads, how it ends."""

import asyncio
import json
import signal
import socket

import pytest

from tests.process import serving, started
from tests.stage import OK, Heard, Stage, answering, stage
from tests.wire import request

pytestmark = pytest.mark.e2e

ENFORCE = "allow_internal_untrusted_certs = 0"


async def test_a_life_from_start_to_end() -> None:
    """It says that it serves, answers, logs each request as JSON on standard output, and ends with 0 on SIGTERM."""
    async with stage({"HQ": answering(OK)}, settings=ENFORCE, apart=True) as running, serving(running) as served:
        start = served.seen(14)[0]
        assert (start["winlog.event_data.param1"], start["log.level"]) == ("CAS01", "info")
        assert "HQ: enforce (trust)" in start["casproxy.note"]
        assert (await running.ask(request(target=b"/owa/?secret=1"))).status == 200
        await served.until(lambda: served.output)
        line = json.loads(served.output[0])
        assert (line["http.response.status_code"], line["url.path"]) == (200, "/owa/")
        assert (line["casproxy.site"], line["casproxy.trust"], line["casproxy.policy"]) == ("HQ", "trusted", "enforce")
        assert await served.end() == 0
        assert [event["winlog.event_id"] for event in served.events if event["winlog.event_id"] != 1016] == [
            14,
            1012,
            1013,
        ]


async def test_event_43_as_a_record() -> None:
    """A refusal is one JSON line on standard error with both names, the reason and OpenSSL's code."""
    async with (
        stage({"HQ": answering(OK)}, faults={"HQ": "expired"}, settings=ENFORCE, apart=True) as running,
        serving(running) as served,
    ):
        answer = await running.ask(request())
        event = await served.event(43)
        assert (answer.status, event["event.provider"]) == (502, "MSExchange OWA")
        assert [event[f"winlog.event_data.param{number}"] for number in (1, 2)] == ["CAS01", "cas.hq.test"]
        assert (event["event.reason"], event["error.code"], event["log.level"]) == ("expired", "10", "warning")
        assert event["http.request.id"].encode() == answer.field(b"x-request-id")


async def test_sighup_turns_the_switch() -> None:
    """SIGHUP reads the file anew: the switch turns, and the next request is refused."""
    async with (
        stage({"HQ": answering(OK)}, faults={"HQ": "expired"}, apart=True) as running,
        serving(running) as served,
    ):
        await served.event(1015)
        assert (await running.ask(request())).status == 200
        served.path.write_text(running.settings.replace("[trust]", f"[trust]\n{ENFORCE}"))
        served.send(signal.SIGHUP)
        await served.event(1010)
        assert (await running.ask(request())).status == 502
        assert (await served.event(43))["casproxy.policy_source"] == "trust"


REFUSALS = {
    "no TOML": ("this is no TOML", "apart.toml"),
    "unknown key": ('[server]\nnmae = "x"\n', "nmae"),
    "another port": ("{listen}", "server.listen"),
    "missing anchors": ("{anchors}", "does not exist"),
}


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_reload_that_cannot_be_changes_nothing(name: str) -> None:
    """An invalid file, or one that takes a restart, is refused with event 1011 that says why; service goes on."""
    text, clue = REFUSALS[name]
    async with (
        stage({"HQ": answering(OK)}, faults={"HQ": "expired"}, settings=ENFORCE, apart=True) as running,
        serving(running) as served,
    ):
        changes = {
            "{listen}": running.settings.replace('listen = "127.0.0.1:0"', 'listen = "127.0.0.1:1"'),
            "{anchors}": running.settings.replace("/ca.pem", "/nowhere.pem"),
        }
        served.path.write_text(changes.get(text, text).replace(ENFORCE, ENFORCE[:-1] + "1"))
        served.send(signal.SIGHUP)
        event = await served.event(1011)
        assert clue in event["casproxy.note"]
        assert (await running.ask(request())).status == 502
        assert served.seen(1010) == []
        assert await served.end() == 0


class Slow:
    """A backend that answers when the test says so."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.asked = asyncio.Event()

    async def script(self, heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Begin an answer at once, and finish it when told."""
        while await heard.head(reader):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
            self.asked.set()
            await self.go.wait()
            writer.write(b"k")


async def test_sigterm_lets_requests_finish() -> None:
    """What is in flight at SIGTERM gets its whole answer, nobody new is let in, and the exit code is 0."""
    slow = Slow()
    async with stage({"HQ": slow.script}, apart=True) as running, serving(running) as served:
        browser, idle = await running.browser(), await running.browser()
        await browser.send(request())
        await slow.asked.wait()
        served.send(signal.SIGTERM)
        await served.event(1012)
        assert await idle.rest() == b""
        with pytest.raises(ConnectionRefusedError):
            await running.browser()
        slow.go.set()
        assert (await browser.answer()).body == b"ok"
        assert await served.ended() == 0


async def test_what_takes_too_long_is_cut_off() -> None:
    """After `timeouts.drain` what is still in flight is cut off, which the exit code 5 tells."""
    slow = Slow()
    settings = '[timeouts]\ndrain = "300ms"'
    async with stage({"HQ": slow.script}, settings=settings, apart=True) as running, serving(running) as served:
        browser = await running.browser()
        await browser.send(request())
        await slow.asked.wait()
        assert await served.end() == 5
        assert (await browser.rest()).endswith(b"\r\n\r\no")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_ends_at_once(number: signal.Signals) -> None:
    """Whoever asks twice does not wait for the draining."""
    slow = Slow()
    async with stage({"HQ": slow.script}, apart=True) as running, serving(running) as served:
        browser = await running.browser()
        await browser.send(request())
        await slow.asked.wait()
        served.send(number)
        await served.event(1012)
        assert await served.end(number) == 5
        await browser.rest()


async def refused(running: Stage, settings: str) -> tuple[int, list[bytes]]:
    """Start with settings that cannot be used; gives the exit code and what was said."""
    path = running.folder / "refused.toml"
    path.write_text(settings)
    async with started("serve", "--config", str(path), path=path) as served:
        return await served.ended(), served.errors


@pytest.mark.parametrize("key", ["listen", "admin", "redirect_listen"])
async def test_a_port_in_use_is_one_sentence(key: str) -> None:
    """A port that somebody else has is told in one line that names the key, with exit code 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        async with stage({"HQ": answering(OK)}, apart=True) as running:
            old = f'{key} = "127.0.0.1:0"\n'
            settings = running.settings.replace(old, "").replace("[server]\n", f'[server]\n{key} = "{place}"\n')
            code, said = await refused(running, settings)
            assert (code, len(said)) == (1, 1), said
            assert f"server.{key}: cannot listen on {place}".encode() in said[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[trust]\n", "[trust]\nallow_internal_untrusted_certs = 2\n"),
        ("[trust]\n", '[trust]\nallow_internal_untrusted_certs = "yes"\n'),
        ("[trust]\n", "[trust]\nalow_internal_untrusted_certs = 0\n"),
        ("/front.pem", "/nowhere.pem"),
        ("/front.key.pem", "/ca.pem"),
        ("[server]", "[server"),
        ("https://", "ftp://"),
    ],
)
async def test_bad_settings_are_no_traceback(old: str, new: str) -> None:
    """Settings that cannot be used end with code 1 and sentences that name the file, never with a traceback."""
    async with stage({"HQ": answering(OK)}, apart=True) as running:
        code, said = await refused(running, running.settings.replace(old, new, 1))
        assert (code, bool(said)) == (1, True)
        assert b"Traceback" not in b"".join(said)
        assert all(b"refused.toml" in line for line in said), said


async def test_few_descriptors_are_told() -> None:
    """Where the limit of open files does not suffice, it says how many connections it takes instead."""
    async with (
        stage({"HQ": answering(OK)}, apart=True) as running,
        serving(running, before="ulimit -n 264") as served,
    ):
        assert (await served.event(1016))["winlog.event_data.param2"] == "100"
        assert (await running.ask(request())).status == 200


async def test_the_access_file_is_opened_anew() -> None:
    """With `access_file` lines go there, and SIGUSR1 opens it anew after it was moved away."""
    async with stage({"HQ": answering(OK)}, apart=True) as running:
        file, moved = running.folder / "access.log", running.folder / "access.log.1"
        settings = f'{running.settings}\n[log]\naccess_file = "{file}"\n'
        async with serving(running, settings=settings) as served:
            await running.ask(request(target=b"/first"))
            await served.until(file.read_bytes)
            file.rename(moved)
            served.send(signal.SIGUSR1)
            await served.until(file.exists)
            await running.ask(request(target=b"/second"))
            await served.until(file.read_bytes)
            assert await served.end() == 0
            paths = [json.loads(each.read_bytes())["url.path"] for each in (moved, file)]
            assert (paths, served.output) == (["/first", "/second"], [])
