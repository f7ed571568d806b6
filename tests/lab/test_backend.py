"""A backend site answers like OWA, under both of its addresses."""

import pytest


@pytest.mark.parametrize("path", ["/owa/", "/OWA/", "/branch/owa/", "/Branch/OWA/"])
async def test_the_pages_answer_under_both_addresses(branch, path):
    """Host rules and path rules lead to the same pages, in any case as IIS has it."""
    answer = await branch.get(path)
    page = await answer.text()

    assert answer.status == 200
    assert "cas02.branch.lab.localhost" in page
    assert "Branch" in page


@pytest.mark.parametrize("path", ["/owa", "/branch", "/branch/owa"])
async def test_the_way_in_redirects_by_the_internal_name(branch, path):
    """The Location is absolute and internal, so that somebody has to rewrite it."""
    answer = await branch.get(path, allow_redirects=False)

    assert answer.status == 302
    assert answer.headers["Location"].startswith("https://cas02.branch.lab.localhost")


async def test_a_page_that_is_not_there_is_404(branch):
    """A page of the site's own, not the library's."""
    answer = await branch.get("/owa/nothing")

    assert answer.status == 404
    assert "There is no such page here." in await answer.text()


async def test_requests_are_counted(branch):
    """Tests can tell whether anything arrived."""
    await branch.get("/owa/")

    assert branch.backend.requests_seen == 1


async def test_a_websocket_echoes(branch):
    """Text and bytes come back as they went."""
    async with branch.ws_connect("/owa/ws") as channel:
        await channel.send_str("hello")
        await channel.send_bytes(b"\0\1")

        assert await channel.receive_str() == "hello"
        assert await channel.receive_bytes() == b"\0\1"


async def test_commands_are_answered(branch):
    """POST /owa/ev.owa answers with XML that names the event, escaped."""
    answer = await branch.post('/owa/ev.owa?oeh=1&ns=A"&ev=B', data=b"<params/>")

    assert answer.headers["Content-Type"].startswith("text/xml")
    assert 'ev="B"' in await answer.text()
    assert "A&quot;" in await answer.text()
