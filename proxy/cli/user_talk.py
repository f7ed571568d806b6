"""What is told of a user's way: for people and for programs; finding it out is left to `explain_user`.

Texts of the directory, the settings and certificates are cleaned before they are shown. No password, no hash, no key
and no cookie is among what is told.
"""

import textwrap
from collections.abc import Iterator
from typing import Any, NamedTuple

from proxy.cli.ask import Answer, is_trusted, plain_policy, policy_of, reasons
from proxy.cli.trust_talk import NOT_TRUSTED, TRUSTED, UNKNOWN, WIDTH, mark
from proxy.cli.users import plain_user
from proxy.events.catalogue import CATALOGUE
from proxy.model.accounts import Account
from proxy.model.clean import clean_text
from proxy.model.sites import Server, Site
from proxy.relay.report import ECP_TRUST_FAILURE, EVENT_OF_ERROR, TRUST_FAILURE
from proxy.routing.outcome import Kind, Step, to_plain
from proxy.routing.visit import Protocol
from proxy.service.load import Loaded
from proxy.service.walk import Ask, Walk, write_head
from proxy.settings.effective import HIDDEN, spell_toml
from proxy.upstream.dial import AUDIT_EVENT

_LABEL = 11
_SECRET = ("authorization", "proxy-authorization", "cookie")
"""Names of headers that may carry a secret, lower case."""


class Found(NamedTuple):
    """Everything that is told."""

    loaded: Loaded
    ask: Ask
    walk: Walk
    answer: Answer | None
    """How the site's servers stand; None: the request goes to none."""

    @property
    def standing(self) -> dict[str, Any] | None:
        """How the server stands that is tried first; None: there is none, or nobody knows."""
        first = self.walk.first
        servers = self.answer.servers if self.answer is not None else []
        return next((each for each in servers if first is not None and _is_about(each, first)), None)

    @property
    def site(self) -> Site | None:
        """The site whose servers are asked; None: none is."""
        return self.walk.passage.decision.site if self.walk.passage is not None else None

    @property
    def status(self) -> int:
        """Status that we answer; 0: the server's."""
        if self.walk.fault is not None:
            return self.walk.fault.status
        if self.walk.objection is not None and self.is_let_through:
            return self.walk.objection.status
        return self.walk.reply.status if self.walk.reply is not None else 0

    @property
    def trusted(self) -> bool | None:
        """Whether that server is trusted; None: it could not be found out."""
        return is_trusted(self.standing) if self.standing is not None else None

    @property
    def is_let_through(self) -> bool:
        """Whether the switch lets the request go to the server as it stands."""
        passage = self.walk.passage
        return passage is not None and (self.trusted is not False or passage.decision.site.policy.allow_untrusted)

    @property
    def events(self) -> list[int]:
        """Numbers of the events the request would give rise to, the catalogue's throttling aside."""
        numbers = [event.id for event in self.walk.events]
        if self.walk.passage is not None and self.trusted is False:
            is_panel = self.walk.visit is not None and self.walk.visit.protocol is Protocol.ECP
            refused = [TRUST_FAILURE, ECP_TRUST_FAILURE] if is_panel else [TRUST_FAILURE]
            numbers += [AUDIT_EVENT] if self.is_let_through else refused
        if self.walk.objection is not None and self.is_let_through:
            numbers.append(EVENT_OF_ERROR[type(self.walk.objection)])
        return numbers

    @property
    def headers(self) -> list[str]:
        """Lines of the head that would be sent."""
        if not self.is_let_through:
            return []
        return [_masked(line) for line in write_head(self.loaded, self.walk, trusted=self.trusted is not False)]


def exit_code(found: Found) -> int:
    """Give the code for what was found."""
    if found.walk.passage is not None and found.walk.objection is None:
        return {True: TRUSTED, False: NOT_TRUSTED, None: UNKNOWN}[found.trusted]
    outcome = found.walk.outcome
    is_refused = (
        outcome is None
        or found.walk.objection is not None
        or (outcome.kind is Kind.REFUSE and not found.walk.is_answered_here)
    )
    return NOT_TRUSTED if is_refused else TRUSTED


def to_json(found: Found, *, trace: bool) -> dict[str, Any]:  # JSON has no narrower type
    """Make the answer for programs; every key is there, whatever happens to the request."""
    walked, site = found.walk, found.site
    decision = to_plain(walked.outcome) if walked.outcome is not None else None
    if decision is not None and not trace:
        decision["log"] = None
    return {
        "user": plain_user(found.walk.account),
        "mailbox": _plain_mailbox(found.walk.account),
        "request": {
            "path": found.ask.path,
            "host": found.ask.host,
            "protocol": walked.visit.protocol.value if walked.visit is not None else None,
        },
        "fault": str(walked.fault or walked.objection or ""),
        "decision": decision,
        "answered_here": walked.is_answered_here,
        "status": found.status,
        "location": clean_text(_location(walked)),
        "events": [{"id": number, "symbol": CATALOGUE[number].symbol} for number in found.events],
        "server": walked.first.authority if walked.first is not None else None,
        "policy": plain_policy(found.loaded, site) if site is not None else None,
        "standing": found.standing,
        "source": found.answer.source if found.answer is not None else "",
        "sent": found.is_let_through and found.walk.objection is None,
        "headers": found.headers,
    }


def _plain_mailbox(account: Account) -> dict[str, str] | None:
    mailbox = account.mailbox
    if mailbox is None:
        return None
    return {"site": mailbox.site, "database": mailbox.database, "version": mailbox.version}


def to_text(found: Found, *, trace: bool) -> Iterator[str]:
    """Lay it out for people: who, what is decided and why, the server, its trust, what would be sent."""
    walked = found.walk
    yield from _identity(found.walk.account)
    protocol = f" ({walked.visit.protocol.value})" if walked.visit is not None else ""
    yield f"GET {clean_text(found.ask.path)} on {clean_text(found.ask.host)}{protocol}"
    if walked.fault is not None:
        yield from _row("refused", f"{walked.fault.status}: {walked.fault}")
        return
    yield from _decision(found, trace=trace)
    if found.site is not None:
        yield from _server(found, found.site)
    for number in found.events:
        yield from _row("event", f"{number} {CATALOGUE[number].symbol}; `casproxy explain event {number}` says more")
    if found.headers:
        if_trusted = ", if it is trusted" if found.trusted is None else ""
        yield f"Sent to the server{if_trusted}; a browser's own fields are added, no cookie of ours is:"
        yield from (f"  {line}" for line in found.headers)


def _identity(account: Account) -> Iterator[str]:
    yield clean_text(account.name)
    mailbox = account.mailbox
    where = f"site {mailbox.site}, version {mailbox.version}" if mailbox is not None else "none"
    rows = (
        ("display", account.display),
        ("upn", account.upn),
        ("addresses", ", ".join(account.addresses)),
        ("groups", ", ".join(account.groups)),
        ("sid", account.sid),
        ("mailbox", f"{where}, database {mailbox.database}" if mailbox is not None and mailbox.database else where),
    )
    for label, text in rows:
        if text:
            yield from _row(label, text)


def _decision(found: Found, *, trace: bool) -> Iterator[str]:
    walked, outcome = found.walk, found.walk.outcome
    assert outcome is not None
    if walked.is_answered_here and walked.reply is not None:
        yield from _row("decision", f"answered here, {walked.reply.status}: {walked.reply.because}")
        return
    for step in outcome.log if trace else ():
        yield from _row("rule", _spell_step(step))
    yield from _row("decision", f"{outcome.kind.value}{f', {found.status}' if found.status else ''}")
    yield from _row("because", outcome.because)
    if _location(walked):
        yield from _row("location", _location(walked))


def _spell_step(step: Step) -> str:
    candidate = f" {step.candidate}:" if step.candidate else ""
    return f"{step.rule}:{candidate} {step.verdict}{f' (event {step.event})' if step.event else ''}"


def _server(found: Found, site: Site) -> Iterator[str]:
    """Tell the server, the policy with its origins, and how the server stands."""
    yield from _row("site", f"{site.name}, policy {site.policy.name}, because {site.policy.source} says so")
    for key, value, origin in policy_of(found.loaded, site):
        yield from _row("", f"{key} = {spell_toml(value)}  # {origin}")
    if found.walk.first is not None:
        yield from _row("server", found.walk.first.authority)
    standing = found.standing
    verdict = standing["verdict"] if standing is not None else None
    word = "not looked at" if verdict is None else "trusted" if verdict["trusted"] else verdict["reason"]
    fault = standing["fault"] if standing is not None else ""
    source = found.answer.source if found.answer is not None else ""
    yield from _row("verdict", f"{mark(found.trusted)} {fault or word}, {source}")
    yield from reasons(verdict or {})
    if found.trusted is False:
        yield from _row("so", _CONSEQUENCE[found.is_let_through])
    if found.walk.objection is not None and found.is_let_through:
        yield from _row("refused", f"{found.status}: {found.walk.objection}")


_CONSEQUENCE = {
    True: "The switch is 1: the request is sent all the same. With 0 it would be refused.",
    False: "The switch is 0: nothing is sent, and the browser gets an error page.",
}


def _location(walked: Walk) -> str:
    """Give where the browser is sent, as the answer says it; the page of a manual redirect holds it as a link."""
    headers = dict(walked.reply.headers) if walked.reply is not None else {}
    told = headers.get("Location") or headers.get("X-MS-Location")
    return told or (walked.outcome.location if walked.outcome is not None and not walked.is_answered_here else "")


def _is_about(standing: dict[str, Any], server: Server) -> bool:
    return bool(standing["server"] == server.authority and standing.get("dialled", server.dialled) == server.dialled)


def _masked(line: str) -> str:
    """Clean a header line; of one that may carry a secret the name alone is told."""
    name = line.partition(":")[0]
    return f"{name}: {HIDDEN}" if name.lower() in _SECRET else clean_text(line)


def _row(label: str, text: str) -> list[str]:
    first = f"  {label:<{_LABEL}}"
    return textwrap.wrap(
        clean_text(text), WIDTH, initial_indent=first, subsequent_indent=" " * len(first), break_long_words=False
    )
