"""Pages show who answered, what the proxy said of the certificate, and text as text."""

import pytest


@pytest.mark.parametrize(("word", "shown"), [("allowed", True), ("trusted", False), ("<i>", False), ("", False)])
async def test_the_strip_tells_what_the_switch_let_through(branch, word, shown):
    """Only `allowed` in X-CASProxy-Trust shows the strip."""
    page = await (await branch.get("/owa/", headers={"X-CASProxy-Trust": word})).text()

    assert ("allowed because the switch is 1" in page) is shown
    assert "<i>" not in page


async def test_a_message_opens(branch):
    """A message shows its text and its attachments."""
    page = await (await branch.get("/owa/?ae=Item&id=m1")).text()

    assert "This page was made by cas02.branch.lab.localhost" in page
    assert "minutes.txt" in page


@pytest.mark.parametrize("query", ["?id=nothing", "?ae=Item&id=nothing", "?ae=Nothing"])
async def test_what_is_not_there_is_404(branch, query):
    """Unknown folders and messages are said to be unknown."""
    assert (await branch.get("/owa/" + query)).status == 404


async def test_subjects_are_text(branch):
    """Markup in a subject stays text."""
    page = await (await branch.get("/owa/")).text()

    assert "&lt;attached &amp; checked&gt;" in page


async def test_the_page_shows_who_the_backend_thinks_it_serves(branch):
    """User and groups come from the proxy's headers, as text, with a way out; without them nobody is named."""
    told = {"X-CASProxy-User": "LAB\\bob<i>", "X-CASProxy-Groups": "Staff, Mail & Post"}
    named = await (await branch.get("/owa/", headers=told)).text()
    nobody = await (await branch.get("/owa/")).text()

    assert "LAB\\bob&lt;i&gt;" in named
    assert "Staff, Mail &amp; Post" in named
    assert "/owa/logoff.owa" in named
    assert "logoff" not in nobody
