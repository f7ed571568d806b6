"""Errors of ours: status, wanted form, `Proxy-Status`, request id, and nothing about the inside."""

import asyncio
import json
import re

import pytest

from tests.stage import OK, Answer, Heard, Stage, stage
from tests.wire import hear, playing, request

pytestmark = pytest.mark.e2e

SETTINGS = '[timeouts]\nresponse_head = "200ms"\n[limits]\nbody_bytes = 10\ntarget_bytes = 64\nheader_count = 12\n'
INSIDE = re.compile(
    rb"cas\.hq\.test|127\.0\.0\.1|\bHQ\b|python|aiohttp|httptools|llhttp|uvloop|openssl|asyncio|traceback|/owa\b|proxy/",
    re.IGNORECASE,
)
"""What no stranger may read: names, addresses, libraries, places."""


async def silent(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Never answer."""
    del writer
    await hear(heard, reader)
    await heard.rest(reader)


BROKEN = playing(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", close=True)
CASES = {
    400: (request(b"X: \x00"), playing(OK), "http_request_error"),
    413: (request(method=b"PUT", body=b"x" * 11), playing(OK), "http_request_error"),
    414: (request(target=b"/" + b"x" * 64), playing(OK), "http_request_error"),
    421: (request(host=b"nobody.example"), playing(OK), "http_request_error"),
    431: (request(*[b"A: b"] * 12), playing(OK), "http_request_error"),
    501: (request(method=b"POLL"), playing(OK), "http_request_error"),
    502: (request(), BROKEN, "http_protocol_error"),
    503: (request(), playing(OK), "connection_refused"),
    504: (request(), silent, "http_response_timeout"),
}


async def error(
    status: int, accept: bytes = b"", *, detail: str = "none", method: bytes = b"GET"
) -> tuple[Answer, Stage]:
    """Bring an error about; gives the answer and the stage it happened on."""
    raw, script, _ = CASES[status]
    raw = raw.replace(b"\r\n", b"\r\nAccept: " + accept + b"\r\n", 1) if accept else raw
    raw = raw.replace(b"GET", method, 1)
    settings = SETTINGS + f'[errors]\ndetail = "{detail}"\n'
    async with stage({"HQ": script}, settings=settings) as running:
        changed = running.settings
        if status == 421:
            changed = changed.replace("default = true", "default = false")
        if status == 503:
            changed = changed.replace(f"127.0.0.1:{running.backends['HQ'].port}", "127.0.0.1:1")
        if status != 421:
            raw = raw.replace(b"Host: localhost", b"Host: hq.localhost", 1)
        running.reload(changed)
        answer = await running.ask(raw, to_head=method == b"HEAD")
        return answer, running


@pytest.mark.parametrize("status", CASES)
async def test_each_error_says_what_it_is(status: int) -> None:
    """Status, `Proxy-Status` of RFC 9209, the id that the access log has too, no caching, and nothing of the inside."""
    answer, running = await error(status)
    kind = CASES[status][2]
    assert answer.status == status
    assert answer.field(b"proxy-status") == f"CAS01; error={kind}".encode()
    assert answer.field(b"cache-control") == b"no-store"
    (entry,) = running.access
    assert (entry.status, entry.error) == (status, kind)
    assert answer.field(b"x-request-id") == entry.request_id
    assert entry.request_id in answer.body
    assert len(answer.body) == entry.bytes_out == int(answer.field(b"content-length") or 0)
    assert (answer.field(b"retry-after") is not None) == (status == 503)
    assert not INSIDE.search(answer.raw_head + answer.body)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", b"text/html; charset=utf-8"),
        (b"application/json", b"application/json"),
        (b"application/problem+json, text/html;q=0.5", b"application/json"),
        (b"*/*", b"text/plain; charset=utf-8"),
        (b"", b"text/plain; charset=utf-8"),
        (b"image/png", b"text/plain; charset=utf-8"),
        (b"text/html;q=0, application/json;q=0.1", b"application/json"),
    ],
)
async def test_the_form_that_is_wanted(accept: bytes, form: bytes) -> None:
    """`Accept` chooses between HTML, JSON and text; each says the same."""
    answer, _ = await error(503, accept)
    assert answer.field(b"content-type") == form
    assert answer.field(b"x-content-type-options") == b"nosniff"
    assert not INSIDE.search(answer.body)
    if form == b"application/json":
        said = json.loads(answer.body)
        assert said["status"] == 503
        assert said["request_id"].encode() == answer.field(b"x-request-id")
    elif form.startswith(b"text/html"):
        assert answer.body.startswith(b"<!DOCTYPE html>") or answer.body.startswith(b"<!doctype html>")
        assert b"default-src 'none'" in (answer.field(b"content-security-policy") or b"")
    else:
        assert answer.body.startswith(b"503 Service Unavailable\n")


async def test_a_head_request_gets_no_body() -> None:
    """The answer to HEAD announces the page and does not send it; the next answer is read right."""
    answer, running = await error(503, method=b"HEAD")
    assert int(answer.field(b"content-length") or 0) > 0
    assert running.access[0].bytes_out == 0
    async with stage({"HQ": playing(OK)}) as other:
        other.reload(other.settings.replace("default = true", "default = false"))
        browser = await other.browser()
        assert (await browser.ask(request(method=b"HEAD"), to_head=True)).status == 421
        assert (await browser.ask(request(host=b"hq.localhost"))).body == b"ok"


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_everything_is_told_where_the_settings_say_so(status: int) -> None:
    """`errors.detail = "full"` names the servers, the site and the cause, on the page and in `Proxy-Status`."""
    answer, _ = await error(status, b"application/json", detail="full")
    said = json.loads(answer.body)
    assert (said["first_server"], said["second_server"], said["site"]) == ("CAS01", "cas.hq.test", "HQ")
    assert "cas.hq.test" in said["why"]
    assert b'next-hop="cas.hq.test"' in (answer.field(b"proxy-status") or b"")


async def test_what_a_browser_sends_is_not_played_back() -> None:
    """Markup in target, Host and fields is not on the page, with everything told neither."""
    evil = b"<script>alert(1)</script>"
    async with stage({"HQ": BROKEN}, settings='[errors]\ndetail = "full"\n') as running:
        raw = request(b"Accept: text/html", b"X-Evil: " + evil, b"Referer: " + evil, target=b"/" + evil)
        answer = await running.ask(raw)
        assert answer.status == 502
        assert b"<script" not in answer.body


async def test_one_kept_connection_takes_errors_and_answers() -> None:
    """After an error of ours that left the stream in order the connection goes on; HTTP/1.0 is told so."""
    async with stage({"HQ": playing(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n")}) as running:
        browser = await running.browser()
        for _ in range(3):
            answer = await browser.ask(request())
            assert (answer.status, answer.field(b"connection")) == (502, None)
        answer = await browser.ask(request(b"Connection: keep-alive", minor=0))
        assert (answer.status, answer.field(b"connection")) == (502, b"keep-alive")
        answer = await browser.ask(request(b"Connection: close"))
        assert (answer.status, answer.field(b"connection")) == (502, b"close")
        assert await browser.rest() == b""
