r"""What a look-up service answers about a user, from JSON to a value; asking is left to `accounts`.

`{"account": null}` says that there is none; else `account` is an object whose keys are those of a users file without
`password`: `{"account": {"name": "LAB\\alice", "site": "Branch"}}`. Anything else is no answer.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from proxy.directory.faults import quote
from proxy.directory.fields import FIELDS, BadField
from proxy.directory.people import Directory
from proxy.model.accounts import Account, Mailbox

MAILBOX = ("site", "database", "version")
"""Keys that say where the mailbox is; the first makes it exist."""
MOST_OF_A_LIST = 1024
"""Addresses, and groups, of one user."""


class BadAnswer(Exception):
    """A service did not keep to the form; `str()` is a sentence and shows no secret."""


def read_answer(octets: bytes) -> Account | None:
    """Read the whole answer.

    Raises: BadAnswer.
    """
    try:
        document = json.loads(octets.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise BadAnswer("Its answer is no JSON in UTF-8 in which each key stands once.") from None
    if not isinstance(document, dict) or document.keys() != {"account"}:
        raise BadAnswer("Its answer is not an object whose one key is account.")
    account = document["account"]
    if account is None:
        return None
    if not isinstance(account, dict):
        raise BadAnswer("The account in its answer is neither null nor an object.")
    return _account(account)


def is_meant(text: str, account: Account, default_domain: str) -> bool:
    """Tell whether a login is one of this account's."""
    return Directory((account,), default_domain).find(text) is not None


def _account(table: Mapping[str, object]) -> Account:
    values: dict[str, Any] = {key: _value(key, value) for key, value in table.items()}
    if "name" not in values:
        raise BadAnswer("The account in its answer has no name.")
    where = {key: values.pop(key) for key in MAILBOX if key in values}
    if where and "site" not in where:
        raise BadAnswer("The account in its answer has something of a mailbox, but no site.")
    return Account(**values, mailbox=Mailbox(**where) if where else None)


def _value(key: str, value: object) -> object:
    if key == "password" or key not in FIELDS:
        raise BadAnswer(f"The account in its answer has the key {quote(key)}, which is none of an account.")
    if isinstance(value, list) and len(value) > MOST_OF_A_LIST:
        raise BadAnswer(f"{key} in its answer has more than {MOST_OF_A_LIST} values.")
    try:
        return FIELDS[key](value)
    except BadField as fault:
        raise BadAnswer(f"{key} in its answer: {fault.sentence}") from None


def _once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a key stands twice")
    return table


def _no_number(text: str) -> object:
    raise ValueError(text)
