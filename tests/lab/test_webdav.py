"""WebDAV verbs are answered as their table says."""

import pytest

from proxy.lab.webdav import VERBS


@pytest.mark.parametrize("verb", VERBS)
async def test_a_verb_has_its_status(branch, verb):
    """Every verb of the table reaches the site and gets its answer."""
    answer = await branch.request(verb, "/owa/folder", data=b"<x/>")
    body = await answer.read()

    status, text, headers = VERBS[verb]
    assert answer.status == status
    assert bool(body) is bool(text)
    assert all(answer.headers[name] == value for name, value in headers.items())
