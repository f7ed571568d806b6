"""What is told of a user's way is safe to print and keeps its columns."""

from dataclasses import replace

import pytest

from proxy.cli.user_talk import Found, exit_code, to_json, to_text
from proxy.errors import ClientFault
from proxy.routing.outcome import Kind
from proxy.routing.rules import decide_mailbox
from proxy.routing.visit import read_visit
from proxy.service.load import load
from proxy.service.walk import Ask, Walk, walk
from tests.stage import OK, answering, stage
from tests.visitors import account, directory_settings, write_users

ASK = Ask(path="/owa/", host="mail.example")
HOSTILE = "Eve\x1b[31m\r\nX: y\u202e"


@pytest.fixture
def loaded(sites, tmp_path):
    """Load the lab's settings."""
    return load(sites.settings(tmp_path / "lab.toml", 0), {}, {})


def refused(loaded, **more) -> Found:
    """Make what is found of a user without a mailbox."""
    user = replace(account("eve", None), **more)
    visit = read_visit(b"GET", b"mail.example", b"/owa/")
    outcome = decide_mailbox(user, visit, loaded.topology)
    return Found(loaded, ASK, Walk(account=user, visit=visit, outcome=outcome), None)


def test_names_of_the_directory_cannot_steer_a_terminal(loaded):
    """They are cleaned, and no line grows beyond the columns."""
    lines = list(to_text(refused(loaded, display=HOSTILE, groups=(HOSTILE,) * 40), trace=True))

    assert all(line.isprintable() for line in lines)
    assert max(map(len, lines)) <= 100


def test_a_refusal_is_1(loaded):
    """And so is a request that is refused before anybody looks at its user."""
    found = refused(loaded)
    fault = found._replace(walk=Walk(account=found.walk.account, fault=ClientFault(400, "The path is odd.")))

    assert found.walk.outcome is not None
    assert found.walk.outcome.kind is Kind.REFUSE
    assert (exit_code(found), exit_code(fault)) == (1, 1)
    assert list(to_text(fault, trace=False))[-1] == "  refused    400: The path is odd."
    assert (to_json(fault, trace=False)["status"], to_json(fault, trace=False)["fault"]) == (400, "The path is odd.")


@pytest.mark.parametrize("name", ["Authorization", "cookie", "PROXY-AUTHORIZATION"])
async def test_secrets_are_masked(tmp_path, name):
    """Should the gate let one pass to the server, its name is told and its value is not."""
    write_users(tmp_path, account("alice", "HQ"))
    async with stage({"HQ": answering(OK)}, settings=directory_settings(tmp_path)) as running:
        loaded = load(str(running.folder / "casproxy.toml"), {}, {})
        walked = await walk(loaded, "alice", ASK)
    assert walked is not None
    assert walked.passage is not None
    passage = walked.passage._replace(identity=f"{name}: Basic c2VjcmV0\r\n".encode())
    headers = Found(loaded, ASK, replace(walked, passage=passage), None).headers

    assert f"{name}: (set, not shown)" in headers
    assert "c2VjcmV0" not in "".join(headers)
