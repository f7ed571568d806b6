"""Requests a browser may send, over real TLS: methods, targets, names and connections used again."""

import pytest

from tests.stage import OK, Stage, stage
from tests.wire import Seen, playing, request, requests_in

pytestmark = pytest.mark.e2e


def heard(running: Stage, site: str = "HQ") -> list[Seen]:
    """Everything the backend of a site was asked."""
    return requests_in(running.backends[site].raw)


@pytest.mark.parametrize(
    "method",
    b"GET POST PUT PATCH DELETE OPTIONS SEARCH PROPFIND PROPPATCH MOVE COPY MKCOL LOCK UNLOCK SUBSCRIBE".split(),
)
async def test_methods_of_owa_reach_the_backend(method: bytes) -> None:
    """What OWA's clients use passes with its body, and the answer comes back."""
    async with stage({"HQ": playing(OK)}) as running:
        answer = await running.ask(request(method=method, body=b"<a/>"))
        (one,) = heard(running)
        assert (answer.status, answer.body) == (200, b"ok")
        assert (one.method, one.target, one.body) == (method, b"/owa/", b"<a/>")


async def test_head_has_no_body_and_the_connection_goes_on() -> None:
    """After the answer to HEAD, which announces a body and has none, the next answer is read right."""
    announced = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
    async with stage({"HQ": playing(announced, OK)}) as running:
        browser = await running.browser()
        first = await browser.ask(request(method=b"HEAD"), to_head=True)
        second = await browser.ask(request())
        assert (first.status, first.field(b"content-length")) == (200, b"5")
        assert second.body == b"ok"
        assert len(running.backends["HQ"].connections) == 1
        browser.close()


async def test_options_of_the_whole_server_passes() -> None:
    """`OPTIONS *` is no path and passes as it is."""
    async with stage({"HQ": playing(OK)}) as running:
        assert (await running.ask(request(method=b"OPTIONS", target=b"*"))).status == 200
        assert heard(running)[0].target == b"*"


@pytest.mark.parametrize(
    "method",
    [*b"POLL BPROPPATCH BMOVE RPC_IN_DATA RPC_OUT_DATA CONNECT TRACE".split(), b"M" * 200],
)
async def test_other_methods_are_not_supported(method: bytes) -> None:
    """Methods that we do not know, and the two that are refused on purpose, get 501, and the backend hears nothing."""
    async with stage({"HQ": playing(OK)}) as running:
        browser = await running.browser()
        target = b"localhost:443" if method == b"CONNECT" else b"/owa/"
        answer = await browser.ask(request(method=method, target=target) + request())
        assert answer.status == 501
        assert await browser.rest() == b""
        assert running.backends["HQ"].raw == b""
        browser.close()


@pytest.mark.parametrize(
    ("target", "passed"),
    [
        (b"https://localhost/owa/?a=b", b"/owa/?a=b"),
        (b"HTTP://LOCALHOST/owa/", b"/owa/"),
        (b"https://localhost", b"/"),
        (b"https://localhost?a", b"/?a"),
    ],
)
async def test_absolute_form_of_our_own_name_becomes_a_path(target: bytes, passed: bytes) -> None:
    """A target with our own authority is a path behind us."""
    async with stage({"HQ": playing(OK)}) as running:
        assert (await running.ask(request(target=target))).status == 200
        assert heard(running)[0].target == passed


@pytest.mark.parametrize(
    "target",
    [
        b"/owa/a%2fb/%u1234;x=1|2?",
        b"/owa/?",
        b"/owa/?q=%00&r=../..&s=\\",
        b"/owa//double/./x",
        b'/owa/"quoted"<>^`{}',
        b"/OWA/auth/../x",
    ],
)
async def test_the_target_passes_byte_for_byte(target: bytes) -> None:
    """Nothing about a path or a query is decoded, ordered or mended on the way."""
    async with stage({"HQ": playing(OK)}) as running:
        assert (await running.ask(request(target=target))).status == 200
        assert heard(running)[0].target == target


@pytest.mark.parametrize(
    "target",
    [
        b"/owa/..%2f..%2f",
        b"/owa/..\\..\\..",
        b"/branch/%2e%2e/owa",
        b"/branch/..%5cowa",
        b"/%62ranch/x",
        b"/owa/%u002e%u002e/branch/",
        b"/owa/%00",
    ],
)
async def test_a_path_that_means_another_site_once_decoded_is_refused(target: bytes) -> None:
    """What a backend would decode to a path of another site, or to none, is refused and reaches nobody."""
    async with stage(
        {"HQ": playing(OK), "Branch": playing(OK)}, site_settings={"Branch": 'paths = ["/branch"]'}
    ) as running:
        assert (await running.ask(request(target=target))).status == 400
        assert running.backends["HQ"].raw == running.backends["Branch"].raw == b""


async def test_sites_are_chosen_by_host_and_by_path() -> None:
    """A host name chooses its site, a path wins over it, and whatever else a request says chooses nothing."""
    async with stage(
        {"HQ": playing(OK), "Branch": playing(OK), "Plant": playing(OK)}, site_settings={"Plant": 'paths = ["/plant"]'}
    ) as running:
        await running.ask(request(host=b"branch.localhost:8443", target=b"/owa/1"))
        await running.ask(request(host=b"branch.localhost", target=b"/PLANT/2"))
        await running.ask(
            request(
                b"X-BEResource: cas.branch.test~1",
                b"Cookie: X-BackEndCookie=cas.branch.test; X-AnonResource-Backend=cas.branch.test",
                b"X-Forwarded-Host: branch.localhost",
                b"Forwarded: host=branch.localhost",
                target=b"/autodiscover/autodiscover.json?@cas.branch.test/owa/3",
            )
        )
        assert [one.target for one in heard(running, "Branch")] == [b"/owa/1"]
        assert [one.target for one in heard(running, "Plant")] == [b"/PLANT/2"]
        assert len(heard(running, "HQ")) == 1


async def test_a_name_nobody_claims_is_misdirected() -> None:
    """Without a default site, a name of no site gets 421; the connection goes on for names that have one."""
    async with stage({"HQ": playing(OK)}) as running:
        running.reload(running.settings.replace("default = true", "default = false"))
        browser = await running.browser()
        assert (await browser.ask(request(host=b"nobody.example"))).status == 421
        assert running.backends["HQ"].raw == b""
        assert (await browser.ask(request(host=b"hq.localhost"))).status == 200
        browser.close()


async def test_a_connection_is_used_again_on_both_sides() -> None:
    """Ten requests of one browser take one connection to the backend."""
    async with stage({"HQ": playing(OK)}) as running:
        browser = await running.browser()
        for number in range(10):
            answer = await browser.ask(request(target=b"/owa/%d" % number))
            assert answer.status == 200
            assert answer.field(b"connection") is None
        assert [one.target for one in heard(running)] == [b"/owa/%d" % number for number in range(10)]
        assert len(running.backends["HQ"].connections) == 1
        browser.close()


async def test_a_browser_that_wants_to_close_is_closed_on() -> None:
    """`Connection: close` is answered in kind, and the backend's connection stays for the next browser."""
    async with stage({"HQ": playing(OK)}) as running:
        browser = await running.browser()
        answer = await browser.ask(request(b"Connection: close"))
        assert answer.field(b"connection") == b"close"
        assert await browser.rest() == b""
        assert (await running.ask(request())).status == 200
        assert len(running.backends["HQ"].connections) == 1
        browser.close()


@pytest.mark.parametrize("answer", [OK, b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"])
async def test_http_1_0_closes_unless_asked(answer: bytes) -> None:
    """HTTP/1.0 gets its answer and the end of the connection, whatever the backend's version."""
    async with stage({"HQ": playing(answer)}) as running:
        browser = await running.browser()
        got = await browser.ask(request(minor=0))
        assert (got.status, got.body) == (200, b"ok")
        assert got.field(b"connection") == b"close"
        assert await browser.rest() == b""
        browser.close()


async def test_http_1_0_may_ask_to_keep_its_connection() -> None:
    """HTTP/1.0 with `Connection: keep-alive` is told that the connection stays, and it does."""
    async with stage({"HQ": playing(OK)}) as running:
        browser = await running.browser()
        for _ in range(3):
            answer = await browser.ask(request(b"Connection: keep-alive", minor=0))
            assert (answer.status, answer.field(b"connection")) == (200, b"keep-alive")
        assert (await browser.ask(request(b"Connection: keep-alive", minor=0, host=b"bad host"))).status == 400
        assert await browser.rest() == b""
        browser.close()


@pytest.mark.parametrize("lines", [1, 2, 4])
async def test_a_few_empty_lines_before_a_request_are_overlooked(lines: int) -> None:
    """Old browsers send an empty line after a body; up to four do no harm."""
    async with stage({"HQ": playing(OK)}) as running:
        browser = await running.browser()
        first = await browser.ask(request(method=b"POST", body=b"x") + b"\r\n" * lines)
        second = await browser.ask(request())
        assert (first.status, second.status) == (200, 200)
        browser.close()
