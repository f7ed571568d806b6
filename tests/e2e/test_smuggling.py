"""Whatever a browser sends, a backend reads whole requests of ours and never a piece of the browser's as one."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.stage import OK, Stage, stage
from tests.wire import playing, request, requests_in

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

INNER = request(target=b"/inner")
LIMITS = '[timeouts]\nrequest_head = "250ms"\nbody_progress = "250ms"\nkeep_alive = "250ms"\n'
"""Many a mutated request never ends."""
BASES = (
    request(b"X-A: b", b"Cookie: a=b"),
    request(b"Connection: close, X-A", b"X-A: b"),
    request(method=b"POST", body=INNER),
    request(method=b"POST", body=b"five!") + INNER,
    request(b"Transfer-Encoding: chunked", method=b"PUT") + b"5\r\nfive!\r\n0\r\n\r\n" + INNER,
    request(b"Transfer-Encoding: chunked", method=b"PUT") + b"%x\r\n" % len(INNER) + INNER + b"\r\n0\r\nA: b\r\n\r\n",
)
PIECES = (
    b"\r\n", b"\n", b"\r", b" ", b"\t", b"\x00", b":", b",", b";", b"0", b"5", b"\r\n ", b"\r\n\r\n", b"0\r\n\r\n",
    b"\xff", b"Content-Length: 0\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Transfer_Encoding: chunked\r\n",
    b"Connection: Content-Length, Transfer-Encoding, Host\r\n", b"Host: other\r\n", b"X-CASProxy-Trust: trusted\r\n",
    b"Expect: 100-continue\r\n", b"Upgrade: h2c\r\nConnection: Upgrade\r\n", INNER,
)  # fmt: skip


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    """Take a valid request and put pieces in, take bytes out, or exchange them."""
    raw = draw(st.sampled_from(BASES))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(raw)))
        gone = draw(st.sampled_from((0, 0, 1, 2, 7)))
        raw = raw[:at] + draw(st.sampled_from(PIECES) | st.binary(max_size=2)) + raw[at + gone :]
    return raw


@pytest_asyncio.fixture(loop_scope="module", scope="module", name="running")
async def one_stage() -> AsyncIterator[Stage]:
    """One proxy for all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("proxy.front.connection.LINGER_SECONDS", 0.05)
        patch.setattr("proxy.front.connection.LINGER_BRIEFLY", 0.0)
        async with stage({"HQ": playing(OK)}, settings=LIMITS) as running:
            yield running


@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example, HealthCheck.data_too_large],
)
@given(many=st.lists(mutations(), min_size=40, max_size=40))
async def test_a_backend_reads_only_requests_of_ours(running: Stage, many: list[bytes]) -> None:
    """Of any mutated requests a backend sees whole ones of ours, one that breaks off, or nothing."""
    backend = running.backends["HQ"]
    backend.connections.clear()
    running.reload(running.settings)
    await asyncio.gather(*(send(running, raw) for raw in many))
    ids = []
    for heard in backend.connections:
        for seen in requests_in(heard.raw, may_be_cut=True):
            assert seen.values(b"host") == [b"cas.hq.test"]
            assert seen.values(b"x-casproxy-trust") == [b"trusted"]
            assert len(seen.values(b"x-request-id")) == 1
            ids += seen.values(b"x-request-id")
    assert len(ids) == len(set(ids))
    assert running.seen(1006) == []


async def send(running: Stage, raw: bytes) -> None:
    """Send bytes and wait for the end, whoever brings it about."""
    browser = await running.browser()
    await browser.send(raw)
    await browser.rest()
    browser.close()


@pytest.mark.parametrize(
    "broken", [b"g\r\n", b"5\r\nfive!x\r\n", b"1\n", b"0\r\nA b\r\n\r\n", b"-1\r\n", b"1;" + b"a" * 5000]
)
async def test_a_chunked_body_that_breaks_later_is_never_completed(running: Stage, broken: bytes) -> None:
    """When the fault comes after the head has gone out, the browser gets 400 and the backend an unfinished request."""
    backend = running.backends["HQ"]
    backend.connections.clear()
    running.reload(running.settings.replace("250ms", "2s"))
    browser = await running.browser()
    await browser.send(request(b"Transfer-Encoding: chunked", method=b"POST") + b"3\r\nabc\r\n")
    await running.until(lambda: b"abc" in backend.raw)
    answer = await browser.ask(broken + INNER)
    assert (answer.status, answer.field(b"connection")) == (400, b"close")
    await running.until(lambda: all(heard.closed for heard in backend.connections))
    assert requests_in(backend.raw, may_be_cut=True) == []
    assert b"/inner" not in backend.raw
    browser.close()
