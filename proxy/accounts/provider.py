"""What every source of accounts offers, and its ways to fail; each source has a module of its own.

One that asks a server keeps what it was told for `cached`, and looks again before that is too old; one that reads a
file holds all of it.
"""

from typing import Protocol

from proxy.model.accounts import Account


class ProviderDown(Exception):
    """The source of accounts cannot answer. `str()` is a sentence for an administrator, without login or password."""

    retry_after = 5
    """Seconds after which trying again makes sense."""


class Busy(ProviderDown):
    """Too many passwords are being checked already."""

    retry_after = 2


class Provider(Protocol):
    """A source of accounts."""

    async def check(self, login: str, password: str) -> Account | None:
        """Give the account of a login if the password is right.

        None says that user or password are wrong; which of them shows neither in the answer nor in its time.
        Raises: ProviderDown.
        """
        ...

    async def find(self, login: str) -> Account | None:
        """Give the account of a canonical name or of any login, without a password.

        Raises: ProviderDown.
        """
        ...

    def cached(self, name: str, now: float) -> Account | None:
        """Give the account of a canonical name from memory, for each request of somebody who is signed in.

        None: there is no such account any more, or nothing is known that is young enough at `now`.
        """
        ...

    def tick(self, now: float) -> None:
        """Look after what is kept; called about every second, `now` in seconds since 1970."""

    async def close(self) -> None:
        """Let go of everything; whoever is still waiting gets ProviderDown."""
