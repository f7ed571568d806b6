"""What is answered instead of doing what was asked."""

import json

import pytest
from aiohttp import web

from proxy.admin.refusal import Refused, answer_json, refusal_of


def test_a_refusal_is_json() -> None:
    """It says what is wrong and what to do, with the fields that belong to its status."""
    refused = Refused(401, "This takes the token.", "Send it.", {"WWW-Authenticate": "Bearer"})
    response = refused.to_response()

    assert str(refused) == "This takes the token."
    assert (response.status, response.content_type) == (401, "application/json")
    assert json.loads(response.body) == {"error": "This takes the token.", "cure": "Send it."}
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_a_cure_is_always_there() -> None:
    """Empty when there is nothing to do, so that readers need not look for the key."""
    assert json.loads(Refused(503, "Too many.").to_response().body)["cure"] == ""


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (web.HTTPNotFound(), 404),
        (web.HTTPMethodNotAllowed("POST", ["GET"]), 405),
        (web.HTTPRequestEntityTooLarge(1, 2), 413),
        (web.HTTPExpectationFailed(), 417),
    ],
)
def test_the_librarys_refusals_are_put_into_our_words(fault, status) -> None:
    """The status stays, the words are ours, `Allow` is kept."""
    refused = refusal_of(fault)

    assert refused.status == status
    assert str(refused).endswith(".")
    assert refused.headers == ({"Allow": "GET"} if status == 405 else {})


def test_answers_are_json() -> None:
    """As they are, with the status and fields that were asked for."""
    response = answer_json({"a": "ä"}, 409, {"Retry-After": "1"})

    assert (response.status, json.loads(response.body)) == (409, {"a": "ä"})
    assert response.headers["Retry-After"] == "1"
