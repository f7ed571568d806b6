"""Who signs in, and where the mailbox is, as values; finding them is left to `directory` and `accounts`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """Where a mailbox lives."""

    site: str
    """Name of its Active Directory site, as the settings spell it."""
    database: str = ""
    """Name of its database; only told."""
    version: str = "14"
    """Version of the server that holds it: 14 is Exchange 2010, 8 is 2007, 6 is 2003."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One user: the same value whichever way the name was typed."""

    name: str
    """The canonical name, `DOMAIN\\user`, case kept."""
    upn: str = ""
    """User principal name, `user@domain`."""
    addresses: tuple[str, ...] = ()
    """SMTP addresses; each is a login, too."""
    display: str = ""
    """Name for people."""
    groups: tuple[str, ...] = ()
    """Names of groups, told to backends."""
    sid: str = ""
    """Security identifier, `S-1-5-…`."""
    mailbox: Mailbox | None = None
    """Where the mailbox is; None: the user has none."""
    epoch: int = 0
    """Grows to end all sessions of the user: a session of a smaller one is over."""
