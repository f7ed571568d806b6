"""Looks at the files of users and keys, and at users whose mailbox is in no site; signing in is left to others."""

from collections.abc import Callable, Iterable

from proxy.directory.faults import DirectoryInvalid
from proxy.directory.people import Directory
from proxy.directory.users_file import parse_users
from proxy.model.accounts import Account
from proxy.session.keys import BadKeys, KeyRing
from proxy.settings.problems import Path, quote
from proxy.settings.report import Report
from proxy.settings.schema import Settings
from proxy.settings.values import did_you_mean

Read = Callable[[Path, str], bytes | None]
"""Gives what a file holds; None for one that has been or is now told to be wrong."""

_USERS: Path = ("directory", "users_file")
_KEYS: Path = ("session", "key_file")


class SigninFiles:
    """The files of a configuration with a provider; what is wrong with them goes to the report."""

    def __init__(self, report: Report, read: Read) -> None:
        self._report = report
        self._read = read

    def check(self, settings: Settings) -> None:
        """Check users and keys."""
        users = self._users(settings.directory.users_file, settings.directory.default_domain)
        if users is not None:
            self._sites(users, [site.name for site in settings.sites])
        self._keys(settings.session.key_file)

    def _users(self, name: str, default_domain: str) -> list[Account] | None:
        """Read the users; None when that cannot be done, which is told."""
        text = self._text(_USERS, name)
        if text is None:
            return None
        try:
            accounts = [entry.account for entry in parse_users(text, name)]
            Directory(accounts, default_domain)
        except DirectoryInvalid as fault:
            for each in fault.problems:
                place = f"{each.source or name}:{each.line}" if each.line else each.source or name
                self._report.refuse(_USERS, f"{place}: {each.sentence}", each.cure)
            return None
        if not accounts:
            self._report.warn(_USERS, f"{quote(name)} holds no user, so nobody can sign in.", "Add a [[users]] table.")
        return accounts

    def _sites(self, users: Iterable[Account], sites: list[str]) -> None:
        """Tell of mailboxes in sites that no table names, once for each such site."""
        known = {site.casefold() for site in sites}
        strangers: dict[str, list[str]] = {}
        for user in users:
            if user.mailbox is not None and user.mailbox.site.casefold() not in known:
                strangers.setdefault(user.mailbox.site, []).append(user.name)
        for site, names in strangers.items():
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            self._report.warn(
                _USERS,
                f"The mailbox of {quote(names[0])}{more} is in the site {quote(site)}, which no [[sites]] table is "
                "named after; they can sign in, but nothing serves them.",
                did_you_mean(site, sites),
            )

    def _keys(self, name: str) -> None:
        text = self._text(_KEYS, name)
        if text is None:
            return
        try:
            KeyRing.parse(text)
        except BadKeys as fault:
            self._report.refuse(_KEYS, f"{quote(name)} cannot be used: {fault}")

    def _text(self, path: Path, name: str) -> str | None:
        data = self._read(path, name)
        if data is None:
            return None
        try:
            return data.decode()
        except UnicodeDecodeError as fault:
            line = data.count(b"\n", 0, fault.start) + 1
            self._report.refuse(path, f"{name}:{line}: This is not UTF-8.", "Save the file as UTF-8.")
            return None
