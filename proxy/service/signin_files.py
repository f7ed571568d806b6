"""Looks at the files of users and keys, and at users whose mailbox is in no site; signing in is left to others."""

import ssl
from collections.abc import Callable, Iterable

from proxy.accounts.file import as_text
from proxy.accounts.ldap import IS_INSTALLED
from proxy.accounts.material import MAX_SECRET, as_secret
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
_LDAP: Path = ("directory", "ldap")
_HTTP: Path = ("directory", "http")


class SigninFiles:
    """The files of a configuration with a provider; what is wrong with them goes to the report."""

    def __init__(self, report: Report, read: Read) -> None:
        self._report = report
        self._read = read

    def check(self, settings: Settings) -> None:
        """Check users, or what a server that knows them needs, and keys."""
        directory = settings.directory
        if directory.provider == "file":
            users = self._users(directory.users_file, directory.default_domain)
            if users is not None:
                self._sites(users, [site.name for site in settings.sites])
        elif directory.provider == "ldap":
            self._library()
            self._material(_LDAP, directory.ldap.ca_file, "bind_password_file", directory.ldap.bind_password_file)
        else:
            self._material(_HTTP, directory.http.ca_file, "token_file", directory.http.token_file)
        self._keys(settings.session.key_file)

    def _library(self) -> None:
        if not IS_INSTALLED:
            self._report.refuse(
                ("directory", "provider"),
                'directory.provider "ldap" needs a library that is not installed.',
                'Install the extra ldap: pip install "casproxy[ldap]".',
            )

    def _material(self, table: Path, ca_file: str, secret_key: str, secret_file: str) -> None:
        """Check authorities and secret; what the secret is, is never shown."""
        path = (*table, "ca_file")
        authorities = self._read(path, ca_file)
        if authorities is not None and not _are_authorities(authorities):
            self._report.refuse(path, f"{quote(ca_file)} holds no certificate of an authority in PEM.")
        secret = self._read((*table, secret_key), secret_file)
        if secret is not None and not as_secret(secret):
            self._report.refuse(
                (*table, secret_key),
                f"{quote(secret_file)} must hold one line of at most {MAX_SECRET} bytes.",
                "Write nothing into it but the secret.",
            )

    def _users(self, name: str, default_domain: str) -> list[Account] | None:
        """Read the users; None when that cannot be done, which is told."""
        octets = self._read(_USERS, name)
        if octets is None:
            return None
        try:
            accounts = [entry.account for entry in parse_users(as_text(octets, name), name)]
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
        octets = self._read(_KEYS, name)
        if octets is None:
            return
        try:
            KeyRing.read(octets)
        except BadKeys as fault:
            self._report.refuse(_KEYS, f"{quote(name)} cannot be used: {fault}")


def _are_authorities(octets: bytes) -> bool:
    """Let OpenSSL say whether it would trust anybody by this file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=octets.decode())
    except (ValueError, OSError):
        return False
    return bool(context.cert_store_stats()["x509"])
