"""Find the account that a login means; where the accounts come from is left to the caller."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from proxy.directory.faults import DirectoryInvalid, Problem, quote
from proxy.directory.logins import Login, fold, read_login
from proxy.model.accounts import Account


class Clash(NamedTuple):
    """Two accounts that claim the same login or the same security identifier."""

    first: int
    """Position of the one that had it before."""
    second: int
    """Position of the one that claims it, too."""
    key: str
    """What of the second says so: `name`, `upn`, `addresses` or `sid`."""
    text: str
    """The value as the second spells it."""


def find_clashes(accounts: Sequence[Account]) -> Iterator[Clash]:
    """Give each claim to what an earlier account has; texts that are no logins are left alone."""
    owners: dict[Login | str, int] = {}
    for number, account in enumerate(accounts):
        for key, text, claim in _claims(account):
            owner = owners.setdefault(claim, number)
            if owner != number:
                yield Clash(owner, number, key, text)


def spell_clash(clash: Clash, accounts: Sequence[Account]) -> str:
    """Compose the sentence that names both accounts."""
    first, second = quote(accounts[clash.first].name), quote(accounts[clash.second].name)
    if clash.key == "name":
        return f"{second} is already a login of {first}."
    what = "security identifier" if clash.key == "sid" else "login"
    return f"The {what} {quote(clash.text)} of {second} is already one of {first}."


class Directory:
    """The accounts by every spelling of every login."""

    def __init__(self, accounts: Iterable[Account], default_domain: str) -> None:
        """Take the accounts; `default_domain` is what a bare name means.

        Raises: DirectoryInvalid for logins that cannot be used or that two accounts claim.
        """
        self.accounts = tuple(accounts)
        """In the order they were given."""
        self._default_domain = default_domain
        problems = [_bad_login(account, text) for account in self.accounts for text in _bad_texts(account)]
        problems += [spell_clash(clash, self.accounts) for clash in find_clashes(self.accounts)]
        if problems:
            raise DirectoryInvalid([Problem("", 0, each) for each in problems])
        self._by_login = {claim: each for each in self.accounts for _, _, claim in _claims(each)}
        self._by_name: Mapping[str, Account] = {fold(each.name): each for each in self.accounts}

    def find(self, login_text: str) -> Account | None:
        """Find the account that somebody means who typed `login_text`."""
        login = read_login(login_text, self._default_domain)
        return None if login is None else self._by_login.get(login)

    def named(self, name: str) -> Account | None:
        """Find the account whose canonical name this is, whatever the case; no other login will do.

        A name that left the directory must not come back as somebody's address.
        """
        return self._by_name.get(fold(name))


def _claims(account: Account) -> Iterator[tuple[str, str, Login | str]]:
    """Give key, text and what is claimed by it."""
    for key, text in _texts(account):
        login = read_login(text, "")
        if login is not None:
            yield key, text, login
    if account.sid:
        yield "sid", account.sid, account.sid.upper()


def _texts(account: Account) -> Iterator[tuple[str, str]]:
    yield "name", account.name
    if account.upn:
        yield "upn", account.upn
    yield from (("addresses", each) for each in account.addresses)


def _bad_texts(account: Account) -> Iterator[str]:
    """Give the logins that nobody could use: no login at all, or one without a domain."""
    for _, text in _texts(account):
        login = read_login(text, "")
        if login is None or not login.domain:
            yield text


def _bad_login(account: Account, text: str) -> str:
    return f"{quote(text)} of {quote(account.name)} is no login with a domain."
