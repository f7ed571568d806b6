"""A reload under load: nothing in flight is harmed, new settings apply to what comes next, nonsense changes nothing."""

import asyncio
import ssl

import pytest

from proxy.certkit.authority import Authority
from proxy.service.crew import CannotApply
from proxy.settings.problems import SettingsInvalid
from tests.stage import OK, Heard, Stage, answering, stage
from tests.wire import hear, request

pytestmark = pytest.mark.e2e

PIECES = 20


async def trickling(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with many small chunks over half a second."""
    while await hear(heard, reader):
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(PIECES):
            writer.write(b"4\r\ntick\r\n")
            await writer.drain()
            await asyncio.sleep(0.025)
        writer.write(b"0\r\n\r\n")


async def ask_on(running: Stage, until_set: asyncio.Event) -> set[int]:
    """Ask again and again, on one connection, until told to stop; gives the statuses."""
    browser = await running.browser()
    statuses = set()
    while not until_set.is_set():
        statuses.add((await browser.ask(request(host=b"branch.localhost"))).status)
        await asyncio.sleep(0.005)
    browser.close()
    return statuses


@pytest.mark.parametrize("change", ["nothing", "the policy"])
async def test_ten_reloads_harm_nobody(change: str) -> None:
    """Dozens of answers in flight and a stream of new requests live through ten reloads, whatever they change."""
    async with stage({"HQ": trickling, "Branch": answering(OK)}) as running:
        streams = [asyncio.ensure_future(running.ask(request())) for _ in range(36)]
        done = asyncio.Event()
        others = [asyncio.ensure_future(ask_on(running, done)) for _ in range(4)]
        await running.until(lambda: len(running.backends["HQ"].connections) == 36)
        for number in range(10):
            switch = f"\nallow_internal_untrusted_certs = {number % 2}\n" if change == "the policy" else "\n"
            running.reload(running.settings.replace("[trust]\n", f"[trust]{switch}"))
            await asyncio.sleep(0.03)
        answers = await asyncio.gather(*streams)
        done.set()
        assert {(answer.status, answer.body) for answer in answers} == {(200, b"tick" * PIECES)}
        assert await asyncio.gather(*others) == [{200}] * 4
        assert len(running.seen(1010)) == 10
        assert not [event for event in running.events if event.id in (39, 40, 43) or 1000 < event.id < 1007]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[trust]", "[trust"),
        ("[trust]\n", "[trust]\nalow_internal_untrusted_certs = 0\n"),
        ("[trust]\n", "[trust]\nallow_internal_untrusted_certs = 2\n"),
        ("/ca.pem", "/nowhere.pem"),
        ("/front.key.pem", "/ca.pem"),
        ("https://cas.hq.test", "gopher://cas.hq.test"),
    ],
)
async def test_an_invalid_file_changes_nothing(old: str, new: str) -> None:
    """A file that cannot be used is refused as a whole, and the settings before it stay in force."""
    async with stage({"HQ": answering(OK)}) as running:
        browser = await running.browser()
        assert (await browser.ask(request())).status == 200
        with pytest.raises(SettingsInvalid):
            running.reload(running.settings.replace(old, new))
        assert (await browser.ask(request())).status == 200
        assert (running.seen(1010), len(running.backends["HQ"].connections)) == ([], 1)
        browser.close()


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('listen = "127.0.0.1:0"', 'listen = "127.0.0.1:1"', "server.listen"),
        ('admin = "127.0.0.1:0"', 'admin = "127.0.0.1:1"', "server.admin"),
        ('name = "CAS01"', 'name = "CAS02"', "server.name"),
    ],
)
async def test_what_takes_a_restart_is_refused(old: str, new: str, key: str) -> None:
    """A change that a running process cannot make is refused with the name of the key; the rest changes neither."""
    async with stage({"HQ": answering(OK)}) as running:
        changed = running.settings.replace(old, new, 1) + "\n[limits]\nbody_bytes = 10\n"
        with pytest.raises(CannotApply, match=key):
            running.reload(changed)
        assert (await running.ask(request(method=b"POST", body=b"more than ten bytes"))).status == 200


async def test_new_limits_apply() -> None:
    """The next request is measured by the new limits, also on a connection that was open before."""
    async with stage({"HQ": answering(OK)}) as running:
        browser = await running.browser()
        post = request(method=b"POST", body=b"more than ten bytes")
        assert (await browser.ask(post)).status == 200
        running.reload(running.settings + "\n[limits]\nbody_bytes = 10\n")
        assert (await browser.ask(post)).status == 413
        browser.close()


async def test_a_new_site_applies_and_an_old_one_goes() -> None:
    """A site that is added is reached by its host, and one that is taken out is not any more."""
    async with stage({"HQ": answering(OK), "Branch": answering(OK)}) as running:
        renamed = running.settings.replace("branch.localhost", "depot.localhost").replace("default = true\n", "")
        running.reload(renamed)
        hosts = (b"hq.localhost", b"depot.localhost", b"branch.localhost")
        assert [(await running.ask(request(host=host))).status for host in hosts] == [200, 200, 421]
        assert running.backends["Branch"].raw.count(b"GET ") == 1


async def test_our_own_new_certificate_applies() -> None:
    """A renewed certificate of ours is presented to the next browser; those connected stay so."""
    async with stage({"HQ": answering(OK)}) as running:
        browser = await running.browser()
        other = Authority.create("Another CA")
        other.issue("localhost").write(running.folder, "front")
        running.reload(running.settings)
        assert (await browser.ask(request())).status == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            await running.browser()
        running.authority = other
        assert (await running.ask(request())).status == 200
        browser.close()


async def test_an_unchanged_policy_keeps_its_connections() -> None:
    """A reload that leaves a site's trust and servers alone costs it no handshake; another site's change does not."""
    sites = {"HQ": answering(OK), "Branch": answering(OK)}
    of_branch = {"Branch": "[sites.trust]\nallow_internal_untrusted_certs = 1"}
    async with stage(sites, site_settings=of_branch) as running:
        hosts = (b"hq.localhost", b"branch.localhost")
        for host in hosts:
            await running.ask(request(host=host))
        running.reload(running.settings.replace("certs = 1", "certs = 0"))
        for host in hosts:
            await running.ask(request(host=host))
        assert [len(running.backends[name].connections) for name in sites] == [1, 2]
