"""Everything the gate works with, as one value that a reload replaces; building it is left to `service`."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from proxy.accounts.provider import Provider
from proxy.events.record import Emit
from proxy.model.accounts import Account
from proxy.pages.logon import SignInPages
from proxy.routing.decide import Router
from proxy.routing.rules import Chooser
from proxy.session.attempts import Attempts
from proxy.session.cookie import Seal
from proxy.session.csrf import Tokens
from proxy.session.lifetime import Lifetimes

_CONTROL = re.compile(r"[\x00-\x1f\x7f]").search


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """What signing in takes."""

    first_server: str
    """Our name: parameter 1 of events."""
    provider: Provider
    """Knows users and checks passwords."""
    seal: Seal
    """Seals and opens session cookies."""
    tokens: Tokens
    """Ties a form to the browser that asked for it."""
    lifetimes: Lifetimes
    """How long sessions last."""
    attempts: Attempts
    """Failed sign-ins."""
    chooser: Chooser
    """Mailbox → what is done."""
    router: Router
    """Site → decision with its limits."""
    pages: SignInPages
    emit: Emit
    clock: Callable[[], float]
    """Seconds since 1970."""
    spell_user: Callable[[str], str]
    """Canonical name → as logs may tell it (`log.user`)."""
    user_header: str
    """Name of the header that tells backends who signed in."""
    groups_header: str
    """The same for the user's groups; empty: not told."""

    default_domain: str = ""
    """Domain of a user name that is typed without one."""
    delegating: frozenset[str] = frozenset()
    """Names of the sites whose servers get the user's password, case folded."""
    onward: tuple[str, ...] = ()
    """Addresses of other sites that signing in may lead on to by itself."""

    def identity_of(self, account: Account) -> bytes:
        """Compose the lines that tell a backend who signed in, in UTF-8.

        Raises: ValueError for an account no source of users may give: one whose name would be more than a value.
        """
        if any(_CONTROL(text) for text in (account.name, *account.groups)):
            raise ValueError("an account holds control characters")
        lines = f"{self.user_header}: {account.name}\r\n"
        if self.groups_header:
            lines += f"{self.groups_header}: {', '.join(account.groups)}\r\n"
        return lines.encode()
