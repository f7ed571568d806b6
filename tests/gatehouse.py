"""A gate with everything it works with, for tests of signing in: real parts, users and a clock by hand, no sockets."""

import asyncio
from dataclasses import replace

from proxy.errors import ProxyError
from proxy.events.record import Event
from proxy.message.head import parse_request_head
from proxy.message.memory import RequestMemory
from proxy.message.request import RequestReader
from proxy.model.limits import Limits
from proxy.model.reply import Reply
from proxy.model.sites import Site, Topology
from proxy.pages.logon import SignInPages
from proxy.routing.decide import Router
from proxy.routing.passage import Passage
from proxy.routing.rules import Chooser
from proxy.routing.visit import read_visit
from proxy.session.attempts import Attempts
from proxy.session.cookie import NAME, Seal
from proxy.session.csrf import Tokens
from proxy.session.keys import KeyRing, new_key
from proxy.session.lifetime import Lifetimes
from proxy.session.revoked import Revoked
from proxy.session.session import Session, begin_session
from proxy.signin.book import Book
from proxy.signin.gatekeeper import Gatekeeper
from proxy.signin.kit import Kit
from proxy.signin.request import Request
from tests.fakes import FakeProvider, make_server
from tests.visitors import account

NOW = 1_000_000.0
PEER = b"192.0.2.7"
PAGES = SignInPages()
"""Compiled once; rendering keeps nothing."""
RING = KeyRing.parse(new_key())
ALICE, BOB = account("alice", "HQ", groups=("Staff", "Mail")), account("bob", "Branch")
LIFETIMES = Lifetimes(public=900.0, private=28_800.0)


def make_sites() -> tuple[Site, ...]:
    """Make our own site HQ and the site Branch."""
    servers = [replace(make_server(number), site=name) for number, name in ((1, "HQ"), (2, "Branch"))]
    return Site(name="HQ", servers=(servers[0],), own=True), Site(name="Branch", servers=(servers[1],))


class Gatehouse:
    """A gate, its book, what it emitted, and a way to ask it. Changes of the kit are keyword arguments."""

    def __init__(self, *accounts: object, sites: tuple[Site, ...] | None = None, **changes: object) -> None:
        self.now = NOW
        self.events: list[Event] = []
        self.provider = FakeProvider(*(accounts or (ALICE, BOB)))
        self.book = Book(Revoked())
        self.topology = Topology(first_server="CAS01", sites=sites or make_sites())
        router, chooser = Router(self.topology), Chooser(self.topology)
        self.kit = Kit(
            first_server="CAS01",
            provider=self.provider,
            seal=Seal(RING),
            tokens=Tokens(RING),
            lifetimes=LIFETIMES,
            attempts=Attempts(),
            chooser=chooser,
            router=router,
            pages=PAGES,
            emit=self.events.append,
            clock=lambda: self.now,
            spell_user=str,
            user_header="X-CASProxy-User",
            groups_header="X-CASProxy-Groups",
            default_domain="LAB",
        )
        self.kit = replace(self.kit, **changes)
        self.gate = Gatekeeper(self.kit, self.book)
        self.memory = RequestMemory()
        """Of the one connection that `ask` uses unless told otherwise."""

    def session(self, name: str = "LAB\\alice", **changes: object) -> Session:
        """Make a session that begins now."""
        return replace(begin_session(name, 0, self.now, public=True, light=False), **changes)

    def cookie(self, name: str = "LAB\\alice", **changes: object) -> bytes:
        """Give the cookie of a session, as a request sends it."""
        return as_cookie(self.kit.seal.seal(self.session(name, **changes)))

    def ask(self, raw: bytes, memory: RequestMemory | None = None) -> object:
        """Ask the gate as an exchange does, over one connection."""
        memory = memory or self.memory
        known = memory.recall(raw, Limits())
        if known is None:
            head = parse_request_head(raw, Limits())
            known = head, RequestReader("CAS01").read(head)
            memory.keep(raw, *known)
        return self.gate.admit(*known, PEER, memory)

    def get(self, cookie: bytes = b"", target: bytes = b"/owa/", *fields: bytes, **more: object) -> object:
        """Ask for a page."""
        return self.ask(head(cookie, target, *fields), **more)

    async def work(self, errand: object, body: bytes = b"") -> Reply | Passage | ProxyError:
        """Let an errand do its work; gives what it brings."""
        done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        errand.begin(body, done.set_result)
        return await done

    def fresh(self, raw: bytes) -> object:
        """Ask over a connection that remembers nothing; a refusal is given, not raised."""
        try:
            return self.ask(raw, RequestMemory())
        except ProxyError as error:
            return error


def as_cookie(value: str) -> bytes:
    """Write a session cookie as a request sends it."""
    return f"{NAME}={value}".encode()


def head(cookie: bytes, target: bytes = b"/owa/", *fields: bytes, method: bytes = b"GET") -> bytes:
    """Write a request's head."""
    lines = [method + b" " + target + b" HTTP/1.1", b"Host: mail.test"]
    return b"\r\n".join([*lines, *([b"Cookie: " + cookie] if cookie else []), *fields, b"", b""])


def read(raw: bytes) -> Request:
    """Read a request as the gate sees it."""
    parsed = parse_request_head(raw, Limits())
    facts = RequestReader("CAS01").read(parsed)
    return Request(parsed, facts, PEER.decode(), read_visit(parsed.method, facts.authority, facts.target))


def field(reply: Reply, name: str) -> list[str]:
    """Give the values of a reply's field."""
    return [value for each, value in reply.headers if each.lower() == name.lower()]
