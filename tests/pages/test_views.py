"""Promises of what error pages may show."""

import dataclasses

import pytest

from proxy.pages.views import ErrorView, advice_of, chain_of, facts_of, phrase_of, reasons_of, title_of

REFUSAL = ErrorView(
    status=502,
    sentence="The server is not trusted.",
    request_id="abc",
    first_server="CAS01",
    second_server="cas02.branch.example:9444",
    site="Branch",
    reason="expired",
    code=10,
    why="It has expired.",
    cure="Renew it.",
    policy="enforce",
    policy_source="sites.Branch.trust",
)
STATUSES = [400, 408, 413, 414, 421, 431, 500, 501, 502, 503, 504]


def shown(view):
    """Read the facts as a dict."""
    return {fact.key: fact.text for fact in facts_of(view)}


def test_a_stranger_sees_both_names_when_trust_was_refused():
    """Both servers are named, without the port, and nothing else but the request id."""
    assert shown(REFUSAL) == {"first_server": "CAS01", "second_server": "cas02.branch.example", "request_id": "abc"}


def test_a_stranger_sees_no_names_otherwise():
    """A backend that is merely down is not named to strangers."""
    assert shown(dataclasses.replace(REFUSAL, code=None)) == {"request_id": "abc"}


@pytest.mark.parametrize("server", ["127.0.0.12:9444", "127.0.0.12", "[::1]:9444", "::1", "https://10.0.0.1/owa"])
def test_a_stranger_sees_no_address(server):
    """An InternalURL that is an address stays inside."""
    assert "second_server" not in shown(dataclasses.replace(REFUSAL, second_server=server))


def test_a_url_is_reduced_to_its_name():
    """With `events.server_name_style = "url"` a stranger still sees the name only."""
    view = dataclasses.replace(REFUSAL, second_server="https://cas02.branch.example:444/owa")

    assert shown(view)["second_server"] == "cas02.branch.example"


def test_detail_shows_everything():
    """With `errors.detail = "full"` the page tells what an administrator needs."""
    assert shown(dataclasses.replace(REFUSAL, detail=True)) == {
        "first_server": "CAS01",
        "second_server": "cas02.branch.example:9444",
        "site": "Branch",
        "reason": "expired",
        "code": "10",
        "why": "It has expired.",
        "cure": "Renew it.",
        "policy": "enforce (switch 0)",
        "policy_source": "sites.Branch.trust",
        "request_id": "abc",
    }


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({"code": 10}, "The mailbox server is not trusted"),
        ({"reason": "pin_mismatch"}, "The mailbox server is not trusted"),
        ({"refused": True, "reason": "other"}, "The mailbox server is not trusted"),
        ({"refused": False, "code": 10}, "Your mailbox cannot be reached"),
        ({"reason": "not_tls"}, "Your mailbox cannot be reached"),
        ({}, "Your mailbox cannot be reached"),
    ],
)
def test_a_refusal_is_called_one(fields, title):
    """A key that is none of the pinned ones is a matter of trust, though OpenSSL has no code for it."""
    view = ErrorView(status=502, sentence="", second_server="cas02.example:1", **fields)

    assert title_of(view) == title
    assert ("second_server" in shown(view)) == title.endswith("not trusted")


def test_detail_shows_what_the_certificate_is():
    """Names, whose it seems to be and the trust store tell an administrator where to look."""
    view = ErrorView(
        status=502, sentence="", detail=True, valid_for=("a.example", "b"), resembles="HQ", store="142 from certifi"
    )

    assert shown(view) == {"valid_for": "a.example, b", "resembles": "site HQ", "store": "142 from certifi"}


@pytest.mark.parametrize("detail", [True, False])
def test_reasons_and_chain_are_for_those_who_see_all(detail):
    """A stranger gets neither."""
    view = ErrorView(status=502, sentence="", detail=detail, findings=("A.\n", "B."), chain=("1", "\x1b"))

    assert reasons_of(view) == (["A.\\x0a", "B."] if detail else [])
    assert chain_of(view) == (["1", "\\x1b"] if detail else [])


def test_reasons_and_chain_are_bounded():
    """What is left out is counted."""
    view = ErrorView(status=502, sentence="", detail=True, findings=("A.",) * 25, chain=("1",) * 1201)

    assert (len(reasons_of(view)), reasons_of(view)[-1]) == (21, "… 5 more")
    assert (len(chain_of(view)), chain_of(view)[-1]) == (201, "… 1,001 more")


def test_facts_are_cleaned():
    """A name that turns text around or breaks lines is shown with its characters visible."""
    assert shown(ErrorView(status=500, sentence="", request_id="a\u202eb\n"))["request_id"] == "a\\u202eb\\x0a"


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_of_ours_has_words(status):
    """Each status we answer with has a heading in everyday words, HTTP's phrase and an advice."""
    assert title_of(ErrorView(status=status, sentence="")) != "Something went wrong"
    assert phrase_of(status)
    assert advice_of(status).endswith(".")


def test_a_status_nobody_foresaw_has_a_heading():
    """An unknown status is no reason to fail."""
    assert (title_of(ErrorView(status=599, sentence="")), phrase_of(599), advice_of(599)) == (
        "Something went wrong",
        "",
        "",
    )
