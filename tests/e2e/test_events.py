"""A trust failure is only a trust failure: every other way to fail has its own event and status, at 0 and at 1."""

import asyncio
import json
import ssl
import warnings
from contextlib import AbstractAsyncContextManager

import pytest

from proxy.events.formats import Voice, Words, to_json, to_text
from tests.broken import black_hole, hang, move, nobody, reset, saying, shaking, tcp
from tests.stage import OK, Stage, answering, stage
from tests.wire import request

pytestmark = pytest.mark.e2e

QUICK = '[timeouts]\nconnect = "400ms"\nupstream_tls_handshake = "400ms"\nresponse_head = "400ms"'

ALERT = b"\x15\x03\x03\x00\x02\x02\x28"
"""A TLS record: fatal alert, handshake_failure."""
BAD_CERTIFICATE = b"\x15\x03\x03\x00\x02\x02\x2a"
"""A TLS record: fatal alert bad_certificate, which is about *our* certificate."""
UNKNOWN_CA = b"\x15\x03\x03\x00\x02\x02\x30"
"""A TLS record: fatal alert unknown_ca; it sounds like trust, but is the peer's opinion of us."""

CASES = {
    "refused": (nobody, 503, 40, "connection_refused"),
    "swallowed": (black_hole, 503, 40, "connection_timeout"),
    "reset": (lambda: tcp(reset), 503, 40, "connection_terminated"),
    "closed": (lambda: tcp(saying(b"")), 503, 40, "connection_terminated"),
    "hanging": (lambda: tcp(hang), 503, 40, "connection_timeout"),
    "plain-http": (lambda: tcp(saying(b"HTTP/1.1 400 Bad Request\r\n\r\n")), 502, 1001, "tls_protocol_error"),
    "smtp": (lambda: tcp(saying(b"220 mail.hq.test ready\r\n")), 502, 1001, "tls_protocol_error"),
    "garbage": (lambda: tcp(saying(b"\x16\x03\x03\x00\x10" + b"\xff" * 16)), 502, 1001, "tls_protocol_error"),
    "alert": (lambda: tcp(saying(ALERT)), 502, 1001, "tls_alert_received"),
    "bad-certificate": (lambda: tcp(saying(BAD_CERTIFICATE)), 502, 1001, "tls_alert_received"),
    "unknown-ca": (lambda: tcp(saying(UNKNOWN_CA)), 502, 1001, "tls_alert_received"),
}
"""Name → what is dialled, status, event, proxy error type."""

OF_THE_CERTIFICATE = {
    "tls.server.subject",
    "tls.server.issuer",
    "tls.server.x509.alternative_names",
    "casproxy.valid_for",
    "casproxy.why",
    "casproxy.chain",
}
"""Fields of a record whose value is a certificate's text: markup in them is data, and it stands nowhere else."""


def at(switch: int, more: str = QUICK) -> str:
    """Give settings with the switch."""
    return f"allow_internal_untrusted_certs = {switch}\n{more}"


def own(running: Stage) -> set[int]:
    """Give the numbers of the events that a failing request caused; 1017 is about the settings alone."""
    return {event.id for event in running.events} - {14, 1010, 1015, 1016, 1017}


@pytest.mark.parametrize("switch", [0, 1])
@pytest.mark.parametrize("case", CASES)
async def test_other_failures_are_no_43(case: str, switch: int) -> None:
    """What fails below trust is told as what it is, with its own status, and never as event 43 or 1043."""
    make, status, number, error_type = CASES[case]
    fault: AbstractAsyncContextManager[int] = make()
    async with fault as port, stage({"HQ": answering(OK)}, settings=at(switch)) as running:
        move(running, "HQ", port)
        answer = await running.ask(request())
        (event,) = running.seen(number)
        assert (answer.status, own(running)) == (status, {number})
        assert f"error={error_type}".encode() in (answer.field(b"proxy-status") or b"")
        assert event.parameters[:2] == ("CAS01", "cas.hq.test")
        assert (event.code, event.proxy_status) == (None, error_type)
        assert event.request_id.encode() == answer.field(b"x-request-id")
        assert (answer.field(b"retry-after") is not None) == (status == 503)


@pytest.mark.parametrize("switch", [0, 1])
async def test_an_unknown_name_is_no_43(switch: int) -> None:
    """A name that nobody knows is 503 with event 40."""
    async with stage({"HQ": answering(OK)}, settings=at(switch)) as running:
        name = f"127.0.0.1:{running.backends['HQ'].port}"
        running.reload(running.settings.replace(name, "nobody.invalid:443"))
        answer = await running.ask(request())
        assert (answer.status, own(running)) == (503, {40})
        assert running.seen(40)[0].proxy_status in ("dns_error", "dns_timeout")


@pytest.mark.parametrize("switch", [0, 1])
async def test_old_tls_is_no_43(switch: int) -> None:
    """A server that offers TLS 1.0 and 1.1 only is 502 with event 1001, also at 1: trust is waived, TLS is not."""
    async with stage({"HQ": answering(OK)}, settings=at(switch)) as running:
        context = running.backends["HQ"].context
        assert context is not None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Python warns of what this test is about
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        async with tcp(shaking(context)) as port:
            move(running, "HQ", port)
            answer = await running.ask(request())
        (event,) = running.seen(1001)
        assert (answer.status, own(running), event.reason) == (502, {1001}, "tls_version")


@pytest.mark.parametrize("switch", [0, 1])
async def test_no_common_suite_is_no_43(switch: int) -> None:
    """A server without a suite that we take, anonymous ones here, is 502 with event 1001, also at 1."""
    async with stage({"HQ": answering(OK)}, settings=at(switch)) as running:
        context = running.backends["HQ"].context
        assert context is not None
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("aNULL:eNULL:@SECLEVEL=0")
        async with tcp(shaking(context)) as port:
            move(running, "HQ", port)
            answer = await running.ask(request())
        (event,) = running.seen(1001)
        assert (answer.status, own(running), event.reason) == (502, {1001}, "tls_alert")


@pytest.mark.parametrize("switch", [0, 1])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_wanted_client_certificate_is_no_43(version: ssl.TLSVersion, switch: int) -> None:
    """A backend that wants a certificate of ours ends with 502 and no 43, in either version of TLS."""
    async with stage({"HQ": answering(OK)}, settings=at(switch), server_version=version) as running:
        context = running.backends["HQ"].context
        assert context is not None
        context.load_verify_locations(cadata=running.authority.certificate_pem.decode())
        context.verify_mode = ssl.CERT_REQUIRED
        async with tcp(shaking(context)) as port:
            move(running, "HQ", port)
            answer = await running.ask(request())
        # In TLS 1.3 our side of the handshake is over before the alert comes: a connection that was closed, on the
        # request or before it.
        is_old = version == ssl.TLSVersion.TLSv1_2
        expected = [(502, {1001})] if is_old else [(502, {1003}), (503, {40})]
        assert (answer.status, own(running)) in expected


@pytest.mark.parametrize("switch", [0, 1])
async def test_no_answer_in_time_is_504(switch: int) -> None:
    """A trusted backend that hears the request and says nothing is 504 with event 1002."""
    async with stage({"HQ": lambda heard, reader, _writer: heard.rest(reader)}, settings=at(switch)) as running:
        answer = await running.ask(request())
        assert (answer.status, own(running)) == (504, {1002})
        assert b"error=http_response_timeout" in (answer.field(b"proxy-status") or b"")


@pytest.mark.parametrize("switch", [0, 1])
@pytest.mark.parametrize("detail", ["none", "full"])
async def test_hostile_names_forge_nothing(switch: int, detail: str) -> None:
    """A certificate's names with line breaks, colours and markup make no second line in any log, and no tag."""
    settings = at(switch, f'{QUICK}\n[errors]\ndetail = "{detail}"')
    async with stage({"HQ": answering(OK)}, faults={"HQ": "hostile-names"}, settings=settings) as running:
        answer = await running.ask(request(b"Accept: text/html"))
        assert answer.status == (200 if switch else 502)
        assert b"<script" not in answer.raw_head + answer.body
        assert b"\x1b" not in answer.raw_head + answer.body
        (event,) = running.seen(1043 if switch else 43)
        voice = Voice(first_server="CAS01")
        line = to_json(event, 0.0, voice)
        block = to_text(event, 0.0, voice, Words(why="why", fix="fix"))
        assert line.count(b"\n") == 1
        assert not any(byte < 0x20 for byte in line[:-1])
        assert b"<script" not in block
        told = {name for name, value in json.loads(line).items() if "<script" in str(value)}
        assert told <= OF_THE_CERTIFICATE
        assert not any(byte < 0x20 for byte in block.replace(b"\n", b""))
        assert all(text.startswith((b"     ", b"00:00:00 ")) for text in block.splitlines())


async def test_no_query_and_no_cookie_in_event_43() -> None:
    """Event 43 tells the request's id, and neither its query nor its cookies nor its path."""
    async with stage({"HQ": answering(OK)}, faults={"HQ": "expired"}, settings=at(0)) as running:
        await running.ask(request(b"Cookie: secret=biscuit", target=b"/owa/?token=s3cr3t"))
        line = to_json(running.seen(43)[0], 0.0, Voice(first_server="CAS01"))
        assert b"biscuit" not in line
        assert b"s3cr3t" not in line


async def test_a_mended_backend_answers_again() -> None:
    """After a refused connection the next request that finds the backend is answered: failures are not remembered."""
    async with nobody() as port, stage({"HQ": answering(OK)}, settings=at(0)) as running:
        move(running, "HQ", port)
        assert (await running.ask(request())).status == 503
        running.reload(running.settings)
        answers = await asyncio.gather(*(running.ask(request()) for _ in range(5)))
        assert [answer.status for answer in answers] == [200] * 5
