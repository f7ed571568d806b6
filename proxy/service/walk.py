"""Walks the way of a user's request without sending it: the gate, the rules and the writer are those of real requests.

The gate is the one that `Reception` opens, and it is shown a session that was sealed for this walk alone. It lives in
this process only: nothing is written, no password is needed, no server hears of it.
"""

import asyncio
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from proxy.accounts.provider import ProviderDown
from proxy.errors import ClientFault, ProxyError
from proxy.events.record import Event
from proxy.message.exchange2010 import Introduction, introduce
from proxy.message.head import parse_request_head
from proxy.message.memory import RequestMemory
from proxy.message.request import Leg, RequestFacts, RequestReader, RequestWriter
from proxy.model.accounts import Account
from proxy.model.limits import Limits
from proxy.model.message import RequestHead
from proxy.model.reply import Reply
from proxy.model.sites import Server
from proxy.relay.gate import Errand
from proxy.relay.misfit import objection_to
from proxy.routing.decide import Router
from proxy.routing.outcome import Kind, Outcome
from proxy.routing.passage import Caller, Passage
from proxy.routing.rules import Chooser
from proxy.routing.visit import Visit, read_visit
from proxy.service.build import identity_names
from proxy.service.load import Loaded
from proxy.service.signin import Reception
from proxy.session.cookie import NAME, Seal
from proxy.session.keys import BadKeys, KeyRing
from proxy.session.session import begin_session
from proxy.signin.book import Book
from proxy.signin.desk import basic_line
from proxy.signin.gatekeeper import Gatekeeper

PEER = "192.0.2.1"
"""Address of the browser that does not exist; RFC 5737 keeps it free."""
REQUEST_ID = b"explain"
CANARY = b"random"

STAND_IN = "(not known)"
"""Stands for the password, which nobody needs for a walk."""


class NoWalk(Exception):
    """It could not be found out; `str()` is a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What the user would ask for."""

    path: str
    """Target of the request, `/owa/`."""
    host: str
    """Host that the browser uses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """How far a request comes, and why."""

    account: Account
    """Whose request it is."""
    fault: ClientFault | None = None
    """Why the request is refused before anybody looks at its user."""
    visit: Visit | None = None
    """What the request asks for; None only with a fault."""
    outcome: Outcome | None = None
    """What the rules decide; None only with a fault."""
    reply: Reply | None = None
    """What the gate answers itself."""
    passage: Passage | None = None
    """What the request passes with."""
    first: Server | None = None
    """The server that is tried first; the running proxy tries one that is down later, and may spread (`balance`)."""
    objection: ProxyError | None = None
    """Why a server of Exchange 2010 could not be told of the user."""
    events: tuple[Event, ...] = ()
    """What the gate emits, in order."""
    head: RequestHead | None = None
    """The request as the gate saw it, the cookie included."""
    facts: RequestFacts | None = None
    """What it means; the cookie is not among what passes on."""

    @property
    def is_answered_here(self) -> bool:
        """Whether a page of the sign-in answers, whatever the rules say."""
        if self.reply is None or self.outcome is None or self.outcome.kind is Kind.REDIRECT:
            return False
        return self.reply.because != self.outcome.because


class _Door(NamedTuple):
    """The gate, and what it remembers."""

    gate: Gatekeeper
    book: Book


async def walk(loaded: Loaded, login: str, ask: Ask) -> Walk | None:
    """Go the whole way, but for the server; None when the source of users has nobody of that login.

    Raises: NoWalk when that cannot be found out.
    """
    events: list[Event] = []
    reception = Reception(loaded.first_server, events.append)
    try:
        gate = reception.open_gate(loaded.settings, loaded.topology, Router(loaded.topology))
        provider = reception.provider
        if gate is None or provider is None:
            raise NoWalk('Nobody signs in here: directory.provider is "none".')
        try:
            account = await provider.find(login)
            if account is None:
                return None
            events.clear()  # what the files gave rise to is not this request's
            found = await _try(loaded, account, _Door(gate, reception.book), ask)
        finally:
            await provider.close()  # not the reception: it would keep what this walk ended
    except (OSError, BadKeys, ValueError, ProxyError, ProviderDown) as fault:
        raise NoWalk(str(fault)) from fault
    return replace(found, events=tuple(events))


def write_head(loaded: Loaded, found: Walk, *, trusted: bool) -> list[str]:
    """Give the lines that would be sent to the server, as the switch and its certificate have it.

    The session's cookie stays here, and a browser's own fields are not known. Where the site's servers get the user's
    password, one that stands for it is written.
    """
    if found.head is None or found.facts is None or found.passage is None or found.first is None or found.objection:
        return []
    preserves = found.passage.decision.site.preserve_host
    host = found.facts.authority if preserves else found.first.authority.encode()
    ours = found.passage.credential if trusted and found.passage.credential else found.passage.identity
    if found.passage.decision.site.compat and found.passage.caller is not None:
        ours += _introduce(loaded, found.facts, found.passage.caller)
    leg = Leg(PEER.encode(), False, host, b"trusted" if trusted else b"allowed", ours)
    data = RequestWriter(loaded.first_server).write(found.head, found.facts, leg, REQUEST_ID)
    return data.decode("utf-8", "replace").rstrip("\r\n").split("\r\n")


def _introduce(loaded: Loaded, facts: RequestFacts, caller: Caller) -> bytes:
    """Write what servers of Exchange 2010 are told besides; the canary of a real session is random."""
    sid, peer = caller.account.sid, PEER.encode()
    return introduce(Introduction(facts.authority, sid, CANARY, caller.public, peer, loaded.first_server))


async def _try(loaded: Loaded, account: Account, door: _Door, ask: Ask) -> Walk:
    try:
        return await _pass(loaded, account, _spell(ask, _seal(loaded, account, door.book)), door.gate)
    except ClientFault as fault:
        return Walk(account=account, fault=fault)


def _seal(loaded: Loaded, account: Account, book: Book) -> str:
    """Seal a session for the user, with what stands for the password where the gate wants one."""
    ring = KeyRing.read(Path(loaded.settings.session.key_file).read_bytes())
    session = begin_session(account.name, account.epoch, time.time(), public=True, light=False)
    wanting = {site.name.casefold() for site in loaded.topology.sites if site.delegate != "none"}
    if account.mailbox is not None and account.mailbox.site.casefold() in wanting:
        book.keep_credential(session.id, basic_line(account.name, STAND_IN))
    return Seal(ring).seal(session)


def _spell(ask: Ask, cookie: str) -> bytes:
    """Spell the request as a browser would; what can be no line of a head is refused as it is from browsers."""
    lines = (f"GET {ask.path} HTTP/1.1", f"Host: {ask.host}", f"Cookie: {NAME}={cookie}")
    if not all(line.isprintable() for line in lines):
        raise ClientFault(400, "The path or the host holds control characters.")
    return "\r\n".join([*lines, "", ""]).encode()


async def _pass(loaded: Loaded, account: Account, raw: bytes, gate: Gatekeeper) -> Walk:
    head = parse_request_head(raw, Limits())
    facts = RequestReader(loaded.first_server, identity_names(loaded.settings)).read(head)
    visit = read_visit(head.method, facts.authority, facts.target)
    outcome = Chooser(loaded.topology).decide(account, visit)
    admitted = gate.admit(head, facts, PEER.encode(), RequestMemory())
    result = admitted if isinstance(admitted, Passage | Reply) else await _finish(admitted)
    known = Walk(account=account, visit=visit, outcome=outcome, head=head, facts=facts)
    if isinstance(result, Reply):
        return replace(known, reply=result)
    servers = result.decision.site.reachable
    first = servers[0] if servers else None
    objection = None
    if result.decision.site.compat and first is not None and result.caller is not None:
        objection = objection_to(first, result.caller)
    return replace(known, passage=result, first=first, objection=objection)


async def _finish(errand: Errand) -> Passage | Reply:
    """Wait for what the gate must do first."""
    done: asyncio.Future[Passage | Reply | ProxyError] = asyncio.get_running_loop().create_future()
    errand.begin(b"", done.set_result)
    result = await done
    if isinstance(result, ProxyError):
        raise result
    return result
