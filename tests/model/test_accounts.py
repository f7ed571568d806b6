"""Accounts are values: equal content, equal account; nothing in them changes."""

from dataclasses import FrozenInstanceError

import pytest

from proxy.model.accounts import Account, Mailbox


def test_an_account_is_its_content():
    """Two readings of the same entry are the same account, also as a key."""
    first, second = (Account(name="LAB\\alice", mailbox=Mailbox(site="HQ")) for _ in range(2))

    assert first == second
    assert len({first, second}) == 1


def test_an_account_cannot_be_changed():
    """Whoever holds one knows that nobody else turns it into another."""
    account = Account(name="LAB\\alice")

    with pytest.raises(FrozenInstanceError):
        account.name = "LAB\\bob"  # type: ignore[misc]  # that is the point
