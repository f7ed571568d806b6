"""Accounts out of an LDAP directory, over TLS alone: search for the user, then sign in as the entry that was found.

Each question has a connection of its own, in a thread. What a login means is `directory`'s, what is remembered is
`remembering`'s. The library is an extra; without it nothing here can be used, see `IS_INSTALLED`.
"""

import asyncio
import math
import secrets
import ssl
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from proxy.accounts.bounded import BoundedSocket, Bounds, open_socket
from proxy.accounts.material import Material
from proxy.accounts.passwords import MAX_PASSWORD
from proxy.accounts.provider import ProviderDown
from proxy.accounts.remembering import Source
from proxy.accounts.threads import Threads
from proxy.directory.ldap import BadEntry, Plan, is_meant, make_filter, read_entry
from proxy.model.accounts import Account

try:
    import ldap3
    from ldap3.core.exceptions import LDAPException
    from pyasn1.error import PyAsn1Error
except ImportError:
    IS_INSTALLED = False
    _GARBAGE: tuple[type[Exception], ...] = ()
else:
    IS_INSTALLED = True
    _GARBAGE = (LDAPException, PyAsn1Error, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
    _GARBAGE += (RecursionError, MemoryError)
"""Whether the extra `ldap` is there; and what the library raises over answers that are none."""

MAX_ANSWER = 1024 * 1024
"""Bytes that a server may send on one connection."""
THREADS, WAITING = 4, 64
"""Questions at once, and those that wait for their turn."""

_SUCCESS, _SIZE_LIMIT, _INVALID_CREDENTIALS = 0, 4, 49
_WRONG = frozenset({_INVALID_CREDENTIALS, 19, 32, 34, 48, 53})
"""Answers to a sign-in that speak of this user: wrong, locked, without a password. Source: RFC 4511, section 4.1.9."""

Connection = Any  # the library has no types


@dataclass(frozen=True, slots=True, kw_only=True)
class LdapTerms:
    """Where a directory is and how it is asked."""

    servers: tuple[tuple[str, int], ...]
    """Hosts and ports, in the order in which they are tried."""
    base_dn: str
    """Below which users are searched."""
    bind_dn: str
    """Who searches; its password is the secret of the material."""
    plan: Plan
    """How users are found."""
    seconds: float
    """For everything that one server is asked about one user."""


class _Unreachable(ProviderDown):
    """This server cannot answer; another one may."""


class _Found(NamedTuple):
    """The one entry that a login means."""

    dn: str
    account: Account


Question = Callable[[Connection], Account | None]


class LdapSource(Source):
    """Asks the servers of one directory."""

    def __init__(self, terms: LdapTerms, material: Material, tell: Callable[[str], None]) -> None:
        """`tell` is told what an administrator should mend in the directory."""
        self._terms = terms
        self._material = material
        self._tell = tell
        self._told = ""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._first = 0
        self._threads = Threads("casproxy-ldap", threads=THREADS, waiting=WAITING)

    async def check(self, login: str, password: str) -> Account | None:
        """Search for the login and sign in as what was found; as nobody, if nothing was: that takes as many steps.

        An empty password is refused here: a directory would take it for a sign-in without one, and say yes.
        """
        octets = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
        wanted = make_filter(login, self._terms.plan)
        if wanted is None or not octets or b"\0" in octets or len(octets) > MAX_PASSWORD:
            return None

        def ask(connection: Connection) -> Account | None:
            found = self._search(connection, login, wanted)
            dn = found.dn if found else f"cn={secrets.token_hex(8)},{self._terms.base_dn}"
            code = _bind(connection, dn, octets)
            if code not in _WRONG and code != _SUCCESS:
                raise ProviderDown(f"The directory does not check a password: {_describe(connection)}.")
            return found.account if found and code == _SUCCESS else None

        return await self._run(ask)

    async def find(self, login: str) -> Account | None:
        """Search for the login."""
        wanted = make_filter(login, self._terms.plan)
        if wanted is None:
            return None

        def ask(connection: Connection) -> Account | None:
            found = self._search(connection, login, wanted)
            return found.account if found else None

        return await self._run(ask)

    async def close(self) -> None:
        """End the threads."""
        await self._threads.close()

    async def _run(self, question: Question) -> Account | None:
        self._loop = asyncio.get_running_loop()
        seconds = self._terms.seconds * len(self._terms.servers)
        return await self._threads.run(lambda: self._ask_any(question), seconds)

    def _ask_any(self, question: Question) -> Account | None:
        """Ask the server that answered last, then the others."""
        servers = self._terms.servers
        down: ProviderDown | None = None
        for offset in range(len(servers)):
            number = (self._first + offset) % len(servers)
            try:
                account = self._ask(servers[number], question)
            except _Unreachable as fault:
                down = fault
            else:
                self._first = number
                return account
        assert down is not None
        raise down

    def _ask(self, address: tuple[str, int], question: Question) -> Account | None:
        secret = self._material.secret().encode()
        place = f"The directory server {address[0]}:{address[1]}"
        try:
            opened = open_socket(address, self._material.context(), Bounds(self._terms.seconds, MAX_ANSWER))
        except OSError as fault:
            raise _Unreachable(f"{place} cannot be reached: {_spell(fault)}.") from None
        connection = _connect(address, opened)
        try:
            code = _bind(connection, self._terms.bind_dn, secret)
            if code != _SUCCESS:
                raise ProviderDown(f"{place} refuses bind_dn with the password of its file: {_describe(connection)}.")
            account = question(connection)
        except OSError as fault:
            raise _Unreachable(f"{place} broke off: {_spell(fault)}.") from None
        except _GARBAGE as fault:
            raise _Unreachable(f"{place} gave no answer of LDAP: {type(fault).__name__}.") from None
        finally:
            _leave(connection, opened)
        return account

    def _search(self, connection: Connection, login: str, wanted: str) -> _Found | None:
        plan = self._terms.plan
        connection.search(
            self._terms.base_dn,
            wanted,
            search_scope=ldap3.SUBTREE,
            dereference_aliases=ldap3.DEREF_NEVER,
            attributes=plan.attributes.wanted(),
            size_limit=2,
            time_limit=math.ceil(self._terms.seconds),
        )
        if connection.result["type"] != "searchResDone" or connection.result["result"] not in {_SUCCESS, _SIZE_LIMIT}:
            raise ProviderDown(f"The directory cannot search below base_dn: {_describe(connection)}.")
        entries = [each for each in connection.response if each["type"] == "searchResEntry"]
        if len(entries) > 1:
            self._tell_once("Two entries of the directory have the same login; nobody signs in with it.")
        return self._read(login, entries[0]) if len(entries) == 1 else None

    def _read(self, login: str, entry: Mapping[str, Any]) -> _Found | None:
        """Make an account of an entry; none of one that has another login, whatever the directory compares."""
        plan = self._terms.plan
        try:
            account = read_entry(entry["raw_attributes"], plan)
        except BadEntry as fault:
            self._tell_once(str(fault))
            return None
        return _Found(entry["dn"], account) if entry["dn"] and is_meant(login, account, plan) else None

    def _tell_once(self, sentence: str) -> None:
        """Tell from a thread."""
        if sentence != self._told and self._loop is not None:
            self._told = sentence
            self._loop.call_soon_threadsafe(self._tell, sentence)


def _connect(address: tuple[str, int], opened: BoundedSocket) -> Connection:
    """Give the library a connection that is open already: it never opens one, follows no referral, reads no schema."""
    server = ldap3.Server(address[0], address[1], use_ssl=True, get_info=ldap3.NONE)
    connection = ldap3.Connection(
        server,
        client_strategy=ldap3.SYNC,
        auto_referrals=False,
        auto_range=False,
        auto_escape=False,
        check_names=False,
        read_only=True,
        return_empty_attributes=False,
    )
    connection.socket, connection.closed, connection.listening = opened, False, True
    connection.strategy._outstanding = {}  # noqa: SLF001 - what its open() does besides making a socket
    return connection


def _leave(connection: Connection, opened: BoundedSocket) -> None:
    """Say goodbye where that is still possible, and close."""
    with suppress(OSError, *_GARBAGE):
        connection.unbind()
    with suppress(OSError):
        opened.close()


def _bind(connection: Connection, dn: str, password: bytes) -> int:
    """Sign in as an entry, and give the code of the answer."""
    assert dn
    assert password
    connection.rebind(user=dn, password=password, authentication=ldap3.SIMPLE, read_server_info=False)
    if connection.result["type"] != "bindResponse":
        raise LookupError("another answer than to a sign-in")
    return int(connection.result["result"])


def _describe(connection: Connection) -> str:
    """Name the code of the last answer; its text is the server's and may hold names."""
    return f"{connection.result['description']} ({connection.result['result']})"


def _spell(fault: OSError) -> str:
    if isinstance(fault, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted, {fault.verify_message.rstrip('.')}"
    if isinstance(fault, TimeoutError):
        return "no answer in time"
    if isinstance(fault, ssl.SSLError):
        return f"TLS failed, {(fault.reason or 'unknown reason').lower().replace('_', ' ')}"
    return (fault.strerror or type(fault).__name__).lower()
