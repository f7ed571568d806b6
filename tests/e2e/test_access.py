"""The access log: one entry for each request with what it says, and never what a request keeps to itself."""

import json

import pytest

from proxy.events.access import encode_access
from proxy.events.formats import Voice, Words, to_json, to_text
from tests.stage import OK, Stage, answering, stage
from tests.wire import playing, request, requests_in

pytestmark = pytest.mark.e2e

SECRETS = (
    b"Cookie: cadata=SECRETCOOKIE",
    b"Authorization: Basic SECRETCREDENTIAL",
    b"Proxy-Authorization: Basic SECRETPROXY",
    b"Referer: https://localhost/?SECRETREFERER",
    b"User-Agent: SECRETAGENT",
    b"X-Request-Id: SECRETID",
)
TARGET = b"/owa/auth.owa?user=SECRETUSER&password=SECRETPASSWORD"


def lines(running: Stage) -> list[dict[str, object]]:
    """Write the access log as it would be written, and read it again."""
    return [json.loads(encode_access(entry)) for entry in running.access]


def everything_said(running: Stage) -> bytes:
    """All that would stand in any log."""
    voice, words = Voice(first_server="CAS01"), Words()
    events = [
        write for event in running.events for write in (to_json(event, 0, voice), to_text(event, 0, voice, words))
    ]
    return b"".join([*events, *map(encode_access, running.access)])


async def test_an_entry_says_everything_about_a_request() -> None:
    """Each documented field of an answered request holds what happened."""
    async with stage({"HQ": playing(OK), "Branch": playing(OK)}) as running:
        raw = request(method=b"POST", target=b"/owa/ev.owa?oeh=1", host=b"branch.localhost:8443", body=b"<x/>")
        answer = await running.ask(raw)
        (line,) = lines(running)
        times = (line.pop("@timestamp"), line.pop("event.duration"))
        assert isinstance(times[0], str)
        assert isinstance(times[1], int)
        assert 0 < times[1] < 5e9
        assert line == {
            "client.address": "127.0.0.1",
            "http.request.id": (answer.field(b"x-request-id") or b"").decode(),
            "http.request.method": "POST",
            "url.path": "/owa/ev.owa",
            "url.domain": "branch.localhost:8443",
            "http.response.status_code": 200,
            "http.response.bytes": 2,
            "http.request.bytes": 4,
            "casproxy.site": "Branch",
            "destination.domain": "cas.branch.test",
            "casproxy.policy": "allow",
            "casproxy.policy_source": "default",
            "casproxy.decision": "host branch.localhost",
            "casproxy.trust": "trusted",
            "error.type": "",
            "user.name": "",
            "tls.version": "TLSv1.3",
            "http.version": "1.1",
        }


async def test_each_request_has_one_entry_whatever_becomes_of_it() -> None:
    """Answered, refused, broken off by the backend or left by the browser: one entry each, in their order."""
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"
    async with stage({"HQ": answering(half, close=True)}) as running:
        await running.ask(request(method=b"POLL"))
        await running.ask(b"nonsense\r\n\r\n")
        browser = await running.browser()
        await browser.send(request(minor=0))
        await browser.rest()
        entries = [(line["http.request.method"], line["http.response.status_code"]) for line in lines(running)]
        assert entries == [("POLL", 501), ("nonsense", 400), ("GET", 200)]
        assert [entry.error for entry in running.access[:2]] == ["http_request_error"] * 2
        assert running.access[2].error == "http_response_incomplete"


async def test_a_browser_that_leaves_has_an_entry() -> None:
    """A request whose browser went before the answer stands in the log as broken off."""
    async with stage({"HQ": playing(b"")}) as running:
        browser = await running.browser()
        await browser.send(request())
        await running.until(lambda: running.backends["HQ"].raw)
        browser.close()
        await running.until(lambda: running.access)
        assert (running.access[0].status, running.access[0].error) == (0, "connection_terminated")


SCENES = {
    "answered": (OK, "", ""),
    "not an answer": (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "", ""),
    "not trusted": (OK, "self-signed", "[trust]\nallow_internal_untrusted_certs = 0\n"),
    "allowed": (OK, "self-signed", ""),
    "silent": (b"", "", '[timeouts]\nresponse_head = "200ms"\n'),
    "too large": (OK, "", "[limits]\nbody_bytes = 3\n"),
}


@pytest.mark.parametrize("scene", SCENES)
async def test_no_log_holds_what_is_secret(scene: str) -> None:
    """No cookie, credential, query, referrer or body is in any entry or event, as bytes of a line, whatever happens."""
    answer, fault, settings = SCENES[scene]
    answer = answer.replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=SECRETSETCOOKIE\r\n\r\n", 1)
    async with stage({"HQ": playing(answer)}, faults={"HQ": fault} if fault else {}, settings=settings) as running:
        for more in (b"X-A: b", b"X-A : b", b"Via: 1.1 CAS01"):
            await running.ask(request(*SECRETS, more, method=b"POST", target=TARGET, body=b"SECRETBODY"))
        assert len(running.access) == 3
        assert b"SECRET" not in everything_said(running)


async def test_hostile_text_stays_within_its_field() -> None:
    """Quotes, escapes and markup of a request are escaped: each entry is one line of JSON."""
    async with stage({"HQ": playing(OK)}) as running:
        await running.ask(request(target=b'/owa/"},{\\"a":"<b>'))
        raw = encode_access(running.access[0])
        assert raw.count(b"\n") == 1
        assert json.loads(raw)["url.path"] == '/owa/"},{\\"a":"<b>'
        assert len(requests_in(running.backends["HQ"].raw)) == 1
