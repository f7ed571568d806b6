"""Promises of reading what a look-up service answers."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.directory.answers import BadAnswer, is_meant, read_answer
from proxy.model.accounts import Account, Mailbox

FULL = {
    "name": "LAB\\alice",
    "upn": "alice@lab.example",
    "addresses": ["a@lab.example"],
    "display": "Alice",
    "groups": ["Staff"],
    "sid": "S-1-5-21-1-2-3-1105",
    "site": "Branch",
    "database": "DB01",
    "version": "14.3",
    "epoch": 3,
}


def answer(account: object) -> bytes:
    """Write an answer."""
    return json.dumps({"account": account}).encode()


def test_a_whole_account_is_read() -> None:
    """Every key of a users file but the password."""
    account = read_answer(answer(FULL))

    assert account is not None
    assert (account.name, account.groups, account.epoch) == ("LAB\\alice", ("Staff",), 3)
    assert account.mailbox == Mailbox(site="Branch", database="DB01", version="14.3")


def test_nobody_and_a_user_without_mailbox() -> None:
    """Both are answers."""
    assert read_answer(answer(None)) is None
    assert read_answer(answer({"name": "LAB\\bob"})) == Account(name="LAB\\bob")


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"account": null, "more": 1}',
        b'{"account": null, "account": {"name": "LAB\\\\a"}}',
        b'{"account": {"name": "LAB\\\\a", "name": "LAB\\\\b"}}',
        b'{"account": {"name": "LAB\\\\a", "epoch": NaN}}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"account": ' + b"9" * 5000 + b"}",
        answer(True),
        answer([]),
        answer({}),
        answer({"name": "alice"}),
        answer({"name": ["LAB\\alice"]}),
        answer({**FULL, "password": "secret"}),
        answer({**FULL, "mail": "a@lab.example"}),
        answer({**FULL, "groups": "Staff"}),
        answer({**FULL, "groups": ["a\r\nX-Evil: 1"]}),
        answer({**FULL, "groups": ["g"] * 1025}),
        answer({**FULL, "epoch": -1}),
        answer({**FULL, "addresses": [None]}),
        answer({"name": "LAB\\a", "database": "DB01"}),
    ],
)
def test_everything_else_is_no_answer(octets) -> None:
    """Refused as a whole, with a sentence that shows no secret."""
    with pytest.raises(BadAnswer) as fault:
        read_answer(octets)

    assert str(fault.value)
    assert "secret" not in str(fault.value)


@given(
    st.binary()
    | st.recursive(st.none() | st.text() | st.integers(), lambda x: st.dictionaries(st.text(), x)).map(answer)
)
def test_no_answer_fails_in_another_way(octets) -> None:
    """It is an account, nobody, or no answer."""
    try:
        account = read_answer(octets)
    except BadAnswer:
        return
    assert account is None or isinstance(account, Account)


@pytest.mark.parametrize(("login", "meant"), [("lab\\ALICE", True), ("alice", True), ("a@x.test", True), ("b", False)])
def test_an_account_is_who_was_asked_for_or_not(login, meant) -> None:
    """By every login that it has."""
    assert is_meant(login, Account(name="LAB\\alice", addresses=("a@x.test",)), "LAB") is meant
