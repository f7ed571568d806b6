"""Builds the gate that the settings describe: users, keys, attempts, ended sessions; what it does is `signin`'s."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from proxy.accounts.provider import Provider
from proxy.directory.faults import DirectoryInvalid
from proxy.events.record import Emit, Event
from proxy.model.sites import Topology
from proxy.pages.logon import SignInPages
from proxy.routing.decide import Router
from proxy.routing.rules import Chooser
from proxy.service.ended import EndedSessions
from proxy.service.providers import make_provider
from proxy.session.attempts import Attempts, Limits
from proxy.session.cookie import Seal
from proxy.session.csrf import Tokens
from proxy.session.keys import BadKeys, KeyRing
from proxy.session.lifetime import Lifetimes
from proxy.session.notice import Notice, Tried, tell_nobody
from proxy.session.revoked import Revoked
from proxy.settings.schema import Settings
from proxy.settings.signin_schema import Directory
from proxy.signin.book import Book
from proxy.signin.gatekeeper import Gatekeeper
from proxy.signin.kit import Kit

DOUBTFUL = 1017
TICK_SECONDS = 1.0
"""How often the source of users is looked after."""


class GateInvalid(OSError):
    """A file of the sign-in cannot be used; `str()` is a sentence or several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Users:
    """A source of users and the settings it was made of."""

    directory: Directory
    provider: Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """The other processes of a proxy, if there are any."""

    tell: Callable[[Notice], None] = tell_nobody
    """Tells them what they must know of a sign-in."""
    keeps_ended: bool = True
    """Whether the file of ended sessions is this process's to read and write."""


class Reception:
    """What signing in needs for as long as the process lives."""

    def __init__(self, first_server: str, emit: Emit, company: Company | None = None) -> None:
        self._first_server = first_server
        self._emit = emit
        self._pages: SignInPages | None = None
        self._users: _Users | None = None
        self._retired: list[Provider] = []
        self._attempts: tuple[Limits, Attempts] | None = None
        self._ended: EndedSessions | None = None
        self._next_tick = 0.0
        company = company or Company()
        self._tell_others = company.tell
        self._keeps_ended = company.keeps_ended
        self.book = Book(Revoked(), company.tell)
        """Sessions that were ended."""
        self.clock: Callable[[], float] = time.time
        """Seconds since 1970; tests turn it by hand."""

    def open_gate(self, settings: Settings, topology: Topology, router: Router) -> Gatekeeper | None:
        """Make the gate; None where nobody signs in.

        Raises: OSError when a file has changed since `load` looked at it; what was there before goes on then.
        """
        if settings.directory.provider == "none":
            return None
        try:
            return self._open_gate(settings, topology, router)
        except BadKeys as fault:
            raise GateInvalid(f"{settings.session.key_file} cannot be used: {fault}") from fault
        except DirectoryInvalid as fault:
            raise GateInvalid(str(fault)) from fault

    def _open_gate(self, settings: Settings, topology: Topology, router: Router) -> Gatekeeper:
        ring = KeyRing.read(Path(settings.session.key_file).read_bytes())
        session, identity = settings.session, settings.identity
        if self._ended is None and self._keeps_ended:
            self._ended = EndedSessions(
                Path(settings.server.state_dir), self.book.revoked, partial(self._tell, "server.state_dir")
            )
            self._ended.read()
        kit = Kit(
            first_server=self._first_server,
            provider=self._provider(settings.directory),
            seal=Seal(ring),
            tokens=Tokens(ring),
            lifetimes=Lifetimes(public=session.public_timeout, private=session.private_timeout),
            attempts=self._attempts_of(settings),
            chooser=Chooser(topology),
            router=router,
            pages=self._pages_once(),
            emit=self._emit,
            clock=self._now,
            spell_user=user_speller(settings.log.user, self._first_server),
            default_domain=settings.directory.default_domain,
            user_header=identity.user_header,
            groups_header=identity.groups_header,
            delegating=frozenset(site.name.casefold() for site in topology.sites if site.delegate != "none"),
            onward=onward_of(topology),
        )
        return Gatekeeper(kit, self.book)

    def _pages_once(self) -> SignInPages:
        """Compile the pages when the first gate opens: where nobody signs in none is shown."""
        if self._pages is None:
            self._pages = SignInPages()
        return self._pages

    @property
    def provider(self) -> Provider | None:
        """The source of users; None before a gate was opened, and where nobody signs in."""
        return self._users.provider if self._users is not None else None

    def learn(self, notice: Notice) -> None:
        """Take note of what happened in another process."""
        if not isinstance(notice, Tried):
            self.book.learn(notice)
        elif self._attempts is not None:
            self._attempts[1].learn(notice)

    def tick(self, _now: float) -> None:
        """Look after the source of users, about once a second. Called with every tick of the coarse clock."""
        now = self._now()
        if self._users is not None and not 0 < self._next_tick - now <= TICK_SECONDS:  # a clock may be set back
            self._next_tick = now + TICK_SECONDS
            self._users.provider.tick(now)
            self._keep()

    async def close(self) -> None:
        """Let go of the sources of users, and keep what was ended."""
        self._keep()
        providers = [*self._retired, *([self._users.provider] if self._users is not None else [])]
        self._retired, self._users = [], None
        for provider in providers:
            await provider.close()

    def _keep(self) -> None:
        if self._ended is not None:
            self._ended.keep(self.book.version)

    def _now(self) -> float:
        return self.clock()

    def _provider(self, directory: Directory) -> Provider:
        """Give the source of users; the one there is while its settings stay."""
        if self._users is not None and self._users.directory == directory:
            return self._users.provider
        key = "directory.users_file" if directory.provider == "file" else f"directory.{directory.provider}"
        provider = make_provider(directory, self._now, partial(self._tell, key))
        if self._users is not None:
            self._retired.append(self._users.provider)  # its checks under way finish
        self._users = _Users(directory=directory, provider=provider)
        return provider

    def _attempts_of(self, settings: Settings) -> Attempts:
        """Give the failures; those there are while the limits stay."""
        session = settings.session
        limits = Limits(pair_stop=session.attempts_user, address_stop=session.attempts_address, stop=session.lockout)
        if self._attempts is None or self._attempts[0] != limits:
            self._attempts = (limits, Attempts(limits, self._tell_others))
        return self._attempts[1]

    def _tell(self, key: str, sentence: str) -> None:
        self._emit(Event(id=DOUBTFUL, parameters=(self._first_server, key), note=sentence))


def user_speller(mode: str, salt: str) -> Callable[[str], str]:
    """Give how logs may tell a user (`log.user`): not at all, by 16 digits of a hash, or by name."""
    if mode == "plain":
        return str
    if mode == "hash":
        return lambda name: hashlib.sha256(f"{salt}\0{name.casefold()}".encode()).hexdigest()[:16]
    return lambda _name: ""


def onward_of(topology: Topology) -> tuple[str, ...]:
    """List the addresses that signing in may lead on to by itself."""
    silent = [site.external_url for site in topology.sites if site.redirect == "silent"]
    return tuple(dict.fromkeys(url for url in [*silent, *(site.legacy_url for site in topology.sites)] if url))
