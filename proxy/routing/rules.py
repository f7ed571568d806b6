"""Decide by rules whether a user's request is proxied, redirected or refused; carrying it out is left to others.

The order is that of Exchange 2010: what needs no mailbox, then the mailbox, then its server's version, then its site.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from proxy.model.accounts import Account, Mailbox
from proxy.model.sites import Site, Topology
from proxy.routing.candidates import judge
from proxy.routing.link import Link, read_link
from proxy.routing.onward import ACTIVESYNC_PATH, base_for, extend
from proxy.routing.outcome import Kind, Outcome, Step, to_plain
from proxy.routing.visit import Protocol, Visit

__all__ = ["ECP_TWIN", "RULES", "Case", "Chooser", "Kind", "Outcome", "Rule", "Step", "decide_mailbox", "to_plain"]

ECP_TWIN: Mapping[int, int] = MappingProxyType({40: 29, 41: 22, 42: 28, 43: 26, 71: 27})
"""Number of an event under `/owa` to the number the Control Panel gives it under `/ecp`."""

MAX_KNOWN = 4096
"""Outcomes a Chooser remembers; beyond it the table starts anew."""

NOWHERE = Site(name="", servers=())
"""Stands for a site the topology does not have."""

_PROXY = Kind.PROXY  # up to Python 3.11 each `Kind.PROXY` is a failed lookup and a call
_BROWSERS = (Protocol.OWA, Protocol.ECP)
_MOVABLE = (*_BROWSERS, Protocol.ACTIVESYNC)
"""What can be told another address; everything else is proxied or refused."""
_LEGACY = {"6": ("Exchange 2003", 91), "8": ("Exchange 2007", 92)}
"""First number of a version to its name and the event for an address that is not https."""

_NO_MAILBOX = "There is no mailbox for your account."
_NO_SERVER = "No server was found for your mailbox."
_NO_ADDRESS = "Your mailbox is served at another address, and that address is not known here."
_STALE = "You were sent here although your mailbox is elsewhere. Please try again later."
_UNSUPPORTED = "Outlook Anywhere is not supported here."


class Case(NamedTuple):
    """What the rules look at."""

    mailbox: Mailbox | None
    """The user's; None: none."""
    visit: Visit
    """What is asked for."""
    site: Site
    """The mailbox's site, or NOWHERE."""
    own: Site
    """The site this proxy stands in, or NOWHERE."""

    @property
    def external(self) -> Link | None:
        """The ExternalURL of the site where browsers can be sent to it."""
        link = read_link(self.site.external_url)
        return link if link and not link.fault else None


class Rule(NamedTuple):
    """One reason to decide."""

    name: str
    """Stands in the log."""
    decide: Callable[[Case], Outcome | str]
    """Gives an outcome, or the sentence why it has none. Of the log it gives its candidates alone."""


def _refuse_unsupported(case: Case) -> Outcome | str:
    if case.visit.protocol is not Protocol.RPC:
        return "The request is not for Outlook Anywhere."
    return _refuse(NOWHERE, "Outlook Anywhere is not supported.", 0, _UNSUPPORTED, 501)


def _lead_to_front_door(case: Case) -> Outcome | str:
    if not case.visit.detour:
        return "The path is neither the root nor one of older versions."
    because = f"The path leads to Outlook Web App at {case.visit.detour}."
    return Outcome(Kind.REDIRECT, None, case.visit.detour, because, 0, (), 302)


def _answer_autodiscover(case: Case) -> Outcome | str:
    if case.visit.protocol is not Protocol.AUTODISCOVER:
        return "The request is not for Autodiscover."
    return _proxy(case.own, "Autodiscover is answered by our own site, wherever the mailbox is.", 80)


def _demand_mailbox(case: Case) -> Outcome | str:
    if case.mailbox is not None:
        return "The user has a mailbox."
    return _refuse(NOWHERE, "The user has no mailbox.", 0, _NO_MAILBOX, 404)


def _demand_site(case: Case) -> Outcome | str:
    if case.site is not NOWHERE:
        return f"The mailbox's site {case.site.name} is configured."
    name = case.mailbox.site if case.mailbox else ""
    return _refuse(NOWHERE, f"The mailbox's site {name} is not configured.", 41, _NO_SERVER)


def _send_to_legacy(case: Case) -> Outcome | str:
    version = case.mailbox.version.partition(".")[0] if case.mailbox else ""
    if version not in _LEGACY:
        return "The mailbox is on no older version."
    product, not_https = _LEGACY[version]
    site, protocol = case.site, case.visit.protocol
    if protocol not in _MOVABLE:
        because = f"The mailbox is on {product}, and requests for {protocol.value} are never redirected."
        return _refuse(site, because, 41, _NO_SERVER)
    link = _legacy_link(site, product, not_https)
    if isinstance(link, Outcome):
        return link
    if link.authority == case.visit.host:
        return _refuse_loop(site, f"legacy address {link.origin}")
    because = f"The mailbox is on {product}, which is served at {link.origin}."
    if protocol is Protocol.ACTIVESYNC:
        return Outcome(Kind.ACTIVESYNC_451, site, link.origin + ACTIVESYNC_PATH, because, 0, (), 451)
    return Outcome(Kind.LEGACY_REDIRECT, site, f"{link.origin}{link.path or '/'}", because, 0, (), 302)


def _legacy_link(site: Site, product: str, not_https: int) -> Link | Outcome:
    """Give the legacy address of a site, or the refusal where it has none that can be used."""
    link = read_link(site.legacy_url)
    if link is None or (link.scheme == "https" and link.fault):
        because = f"The mailbox is on {product}, and the site {site.name} has no usable legacy address."
        return _refuse(site, because, 90, _NO_ADDRESS)
    if link.fault:
        because = f"The mailbox is on {product}, and the legacy address of the site {site.name} is not https."
        return _refuse(site, because, not_https, _NO_ADDRESS)
    return link


def _serve_own_site(case: Case) -> Outcome | str:
    if not case.site.own:
        return f"The mailbox's site {case.site.name} is not our own."
    return _proxy(case.site, f"The mailbox is in our own site {case.site.name}.", 80)


def _guard_against_loops(case: Case) -> Outcome | str:
    link = case.external
    if case.visit.protocol not in _MOVABLE or link is None or link.authority != case.visit.host:
        return "The browser would not be sent to the host it is using."
    return _refuse_loop(case.site, f"ExternalURL {link.origin}")


def _tell_device(case: Case) -> Outcome | str:
    link = case.external
    if case.visit.protocol is not Protocol.ACTIVESYNC:
        return "The request is not for ActiveSync."
    if link is None:
        return _without_external(case.site)
    because = f"The mailbox is in the site {case.site.name}, whose ExternalURL is {case.site.external_url}."
    return Outcome(Kind.ACTIVESYNC_451, case.site, link.origin + ACTIVESYNC_PATH, because, 0, (), 451)


def _redirect_browser(case: Case) -> Outcome | str:
    site, link = case.site, case.external
    if case.visit.protocol not in _BROWSERS:
        return f"Requests for {case.visit.protocol.value} are never redirected as browsers are."
    if link is None:
        return _without_external(site)
    is_silent = site.redirect == "silent"
    kind, status = (Kind.REDIRECT_SILENT, 302) if is_silent else (Kind.REDIRECT_MANUAL, 200)
    because = f"The mailbox is in the site {site.name}, whose ExternalURL is {site.external_url}."
    return Outcome(kind, site, base_for(link, case.visit), because, 0, (), status)


def _proxy_to_site(case: Case) -> Outcome | str:
    """Proxy to another site.

    Without any server 81 tells that only a redirect could have helped, where the request is of a kind that can be
    redirected; 41 is for servers of which none fits, and for what is proxied or nothing.
    """
    site = case.site
    event = 81 if case.visit.protocol in _MOVABLE and not site.servers else 41
    return _proxy(site, f"The mailbox is in another site, {site.name}.", event)


RULES: tuple[Rule, ...] = (
    Rule("supported", _refuse_unsupported),
    Rule("front door", _lead_to_front_door),
    Rule("autodiscover", _answer_autodiscover),
    Rule("mailbox", _demand_mailbox),
    Rule("site", _demand_site),
    Rule("legacy version", _send_to_legacy),
    Rule("own site", _serve_own_site),
    Rule("loop", _guard_against_loops),
    Rule("activesync", _tell_device),
    Rule("redirect", _redirect_browser),
    Rule("proxy", _proxy_to_site),
)
"""In the order they are tried; the first answer wins."""


def first_answer(rules: Sequence[Rule], case: Case) -> Outcome:
    """Try the rules in order and give the first answer with the whole log; without one the request is refused."""
    log: list[Step] = []
    for rule in rules:
        answer = rule.decide(case)
        if not isinstance(answer, str):
            return answer._replace(log=(*log, *answer.log, Step(rule.name, "", answer.because)))
        log.append(Step(rule.name, "", answer))
    return _refuse(NOWHERE, "No rule has an answer.", 41, _NO_SERVER)._replace(log=tuple(log))


class Chooser:
    """Decide for one topology and remember what was decided; the same question gets the same object again."""

    __slots__ = ("_known", "_own", "_sites")

    def __init__(self, topology: Topology) -> None:
        self._sites = {site.name.casefold(): site for site in reversed(topology.sites)}
        self._own = next((site for site in topology.sites if site.own), NOWHERE)
        self._known: dict[tuple[Mailbox | None, Protocol, str], Outcome] = {}

    def decide(self, account: Account, visit: Visit) -> Outcome:
        """Decide for a signed-in user. Where nothing is redirected this is one lookup."""
        key = (account.mailbox, visit.protocol, visit.host)
        outcome = self._known.get(key)
        if outcome is None:
            outcome = self._remember(key, visit)
        return outcome if outcome.kind is _PROXY else extend(outcome, visit)

    def _remember(self, key: tuple[Mailbox | None, Protocol, str], visit: Visit) -> Outcome:
        mailbox = key[0]
        site = self._sites.get(mailbox.site.casefold(), NOWHERE) if mailbox else NOWHERE
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        outcome = self._known[key] = first_answer(RULES, Case(mailbox, visit, site, self._own))
        return outcome


def decide_mailbox(account: Account, visit: Visit, topology: Topology) -> Outcome:
    """Decide once; for many requests make a Chooser."""
    return Chooser(topology).decide(account, visit)


def _proxy(site: Site, because: str, event: int) -> Outcome:
    """Proxy to a site, or refuse with the event when none of its servers fits."""
    usable, log = judge(site)
    if usable:
        return Outcome(Kind.PROXY, site, "", because, 0, log)
    wanting = "no site is marked as our own" if site is NOWHERE else f"no server of the site {site.name} can be used"
    return _refuse(site, f"{because.removesuffix('.')}, but {wanting}.", event, _NO_SERVER)._replace(log=log)


def _refuse_loop(site: Site, what: str) -> Outcome:
    because = f"The {what} of the site {site.name} is the host the browser is using: a stale DNS record leads here."
    return _refuse(site, because, 0, _STALE, 502)


def _refuse(site: Site, because: str, event: int, public: str, status: int = 503) -> Outcome:
    return Outcome(Kind.REFUSE, None if site is NOWHERE else site, "", because, event, (), status, public)


def _without_external(site: Site) -> str:
    if not site.external_url:
        return f"The site {site.name} has no ExternalURL."
    return f"The ExternalURL of the site {site.name} is no plain https address."
