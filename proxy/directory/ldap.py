r"""What is asked of an LDAP directory about a login, and which account its answer means; asking is left to `accounts`.

A login becomes a filter in which every octet of it but plain letters and digits is escaped (RFC 4515, section 3):
no login means anything but itself.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from proxy.directory.faults import quote
from proxy.directory.fields import FIELDS, BadField
from proxy.directory.logins import Login, fold, read_login
from proxy.directory.people import Directory
from proxy.directory.sid import spell_sid
from proxy.model.accounts import Account, Mailbox

MAX_GROUPS = 1024
"""Groups that are taken over of one user."""
PROXY_ADDRESSES = "proxyaddresses"
"""Attribute whose values say of which kind they are: `SMTP:alice@lab.example`. Folded."""

_PLAIN = frozenset(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-_@:")
_SMTP = "smtp:"
_BETWEEN_GROUPS = ","
_ESCAPED = re.compile(r"\\([0-9A-Fa-f]{2})|\\(.)|([^\\])", re.DOTALL)
_RDN = re.compile(r"[A-Za-z][A-Za-z0-9.-]*=((?:[^\\,+]|\\.)*)", re.DOTALL)

Values = Mapping[str, Sequence[bytes]]
"""Attribute → its values, as an entry has them; the case of names does not count."""


class BadEntry(Exception):
    """An entry is no account that can be used; `str()` is a sentence."""


class Attributes(NamedTuple):
    """Names of the attributes that hold what is wanted; empty: nowhere."""

    name: str = "sAMAccountName"
    upn: str = "userPrincipalName"
    addresses: tuple[str, ...] = ("mail", "proxyAddresses")
    display: str = "displayName"
    groups: str = "memberOf"
    site: str = "extensionAttribute1"
    database: str = "homeMDB"
    version: str = ""
    sid: str = "objectSid"

    def wanted(self) -> list[str]:
        """List what to ask for, each once."""
        names = (self.name, self.upn, *self.addresses, self.display, self.groups)
        names = (*names, self.site, self.database, self.version, self.sid)
        return list(dict.fromkeys(each for each in names if each))


class Plan(NamedTuple):
    """How users are found in a directory."""

    domain: str
    """What stands before the backslash of canonical names."""
    user_filter: str
    """Filter, in parentheses, that every user passes."""
    attributes: Attributes = Attributes()


def escape_value(text: str) -> str:
    r"""Write a text as the value of a filter: `a*` becomes `a\2a`."""
    return "".join(chr(octet) if octet in _PLAIN else f"\\{octet:02x}" for octet in text.encode())


def make_filter(text: str, plan: Plan) -> str | None:
    """Compose the filter that finds whom a login means; None for one that can mean nobody there."""
    login = read_login(text, plan.domain)
    if login is None:
        return None
    parts = "".join(f"({name}={escape_value(value)})" for name, value in _claims(text, login, plan))
    return f"(&{plan.user_filter}(|{parts}))" if parts else None


def is_meant(text: str, account: Account, plan: Plan) -> bool:
    """Tell whether an account is the one that a login means; a canonical name is nobody's address."""
    if "@" in fold(text):
        return Directory((account,), plan.domain).find(text) is not None
    login = read_login(text, plan.domain)
    return login is not None and fold(account.name) == f"{login.domain}\\{login.user}"


def read_entry(values: Values, plan: Plan) -> Account:
    """Make the account of an entry; what is unusable in it is left out, as long as it has a name.

    Raises: BadEntry.
    """
    return _Entry(values, plan).account()


def first_value(name: str) -> str:
    r"""Give the value that a distinguished name begins with: `CN=Sales\, East,OU=…` is `Sales, East`.

    A text that is no such name is given as it is. Source: RFC 4514, section 3.
    """
    found = _RDN.match(name)
    if found is None:
        return name
    octets = b"".join(
        bytes.fromhex(digits) if digits else (special or plain).encode()
        for digits, special, plain in _ESCAPED.findall(found[1])
    )
    return octets.decode(errors="replace").strip()


def _claims(text: str, login: Login, plan: Plan) -> Iterator[tuple[str, str]]:
    """Give each attribute with the value that makes an entry the one that is meant."""
    attributes = plan.attributes
    if login.domain == fold(plan.domain) and login.domain:
        yield attributes.name, login.user
    if "@" not in fold(text):
        return
    address = f"{login.user}@{login.domain}"
    for name in dict.fromkeys((attributes.upn, *attributes.addresses)):
        if name:
            yield name, f"{_SMTP}{address}" if fold(name) == PROXY_ADDRESSES else address


class _Entry:
    """One reading of one entry."""

    def __init__(self, values: Values, plan: Plan) -> None:
        self._values = {fold(name.partition(";")[0]): value for name, value in values.items()}
        self._plan = plan

    def account(self) -> Account:
        attributes = self._plan.attributes
        addresses = [each for name in attributes.addresses for each in self._addresses(name)]
        return Account(
            name=self._name(),
            upn=self._text("upn", attributes.upn),
            addresses=tuple(dict.fromkeys(addresses)),
            display=self._text("display", attributes.display),
            sid=self._sid(attributes.sid),
            groups=self._groups(),
            mailbox=self._mailbox(),
        )

    def _name(self) -> str:
        name = self._plan.attributes.name
        texts = self._texts(name)
        if len(texts) != 1:
            raise BadEntry(f"An entry that was found has {len(texts)} values of {name}, but a user has one name.")
        account = f"{self._plan.domain}\\{texts[0]}"
        if not _read("name", account):
            raise BadEntry(f"An entry that was found has the {name} {quote(texts[0])}, which can be no user's name.")
        return account

    def _sid(self, name: str) -> str:
        """Give the security identifier, which stands there in octets or as text."""
        octets = self._values.get(fold(name), ()) if name else ()
        return _read("sid", spell_sid(octets[0]) or octets[0].decode(errors="replace")) if len(octets) == 1 else ""

    def _mailbox(self) -> Mailbox | None:
        attributes = self._plan.attributes
        site = self._text("site", attributes.site)
        if not site:
            return None
        version = self._text("version", attributes.version)
        database = self._text("database", attributes.database)
        return Mailbox(site=site, database=database, **({"version": version} if version else {}))

    def _groups(self) -> tuple[str, ...]:
        """Give names of groups; servers are told them separated by commas, so one with a comma would be several."""
        names = (_read("display", first_value(each)) for each in self._texts(self._plan.attributes.groups))
        return tuple(sorted({each for each in names if each and _BETWEEN_GROUPS not in each}, key=fold))[:MAX_GROUPS]

    def _addresses(self, name: str) -> Iterator[str]:
        for text in self._texts(name):
            has_kind = fold(name) == PROXY_ADDRESSES
            if has_kind and text[: len(_SMTP)].lower() != _SMTP:
                continue
            address = _read("upn", text[len(_SMTP) :] if has_kind else text)
            if address:
                yield address

    def _text(self, field: str, name: str) -> str:
        """Give the one usable value of an attribute; empty for none, and for several, among which nobody can choose."""
        texts = self._texts(name)
        if len(texts) != 1:
            return ""
        return _read(field, first_value(texts[0]) if field == "database" else texts[0])

    def _texts(self, name: str) -> list[str]:
        """Give the values of an attribute that are text."""
        return [each.decode(errors="replace").strip() for each in self._values.get(fold(name), ())] if name else []


def _read(field: str, text: str) -> str:
    """Take a value as the users file would; empty when it cannot be used."""
    try:
        return str(FIELDS[field](text))
    except BadField:
        return ""
