"""Every answer carries OWA's names and strict rules for browsers."""

import pytest

from proxy.lab.headers import OWA_VERSION


async def test_every_answer_is_dressed(branch):
    """Version, server and a policy without inline script."""
    answer = await branch.get("/owa/")

    assert answer.headers["X-OWA-Version"] == OWA_VERSION
    assert answer.headers["X-DiagInfo"] == "cas02.branch.lab.localhost"
    assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path", ["/owa/", "/owa/no", "/nowhere", "/owa/14.3.123.4/owa.css", "/owa/attachment.ashx?size=x"]
)
async def test_no_answer_tells_the_library(branch, path):
    """Neither pages nor refusals name the library that made them, or its version."""
    answer = await branch.get(path)

    assert answer.headers["Server"] == "casproxy-lab"


async def test_cookies_are_several_and_one_names_the_server(branch):
    """What a proxy must keep apart and rewrite."""
    answer = await branch.get("/owa/")
    cookies = answer.headers.getall("Set-Cookie")

    assert len(cookies) == 3
    assert sum("domain=cas02.branch.lab.localhost" in cookie for cookie in cookies) == 1


async def test_a_browser_that_has_cookies_gets_no_others(branch):
    """Cookies are handed out once."""
    answer = await branch.get("/owa/", headers={"Cookie": "UserContext=1"})

    assert "Set-Cookie" not in answer.headers
