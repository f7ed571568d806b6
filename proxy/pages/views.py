"""What error pages show, as values; how they look is left to `render`."""

import ipaddress
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import NamedTuple

from proxy.model.clean import clean_text, list_some


class Page(NamedTuple):
    """A rendered page."""

    content_type: str
    """Value of `Content-Type`."""
    body: bytes
    """UTF-8."""
    headers: tuple[tuple[str, str], ...] = ()
    """Further fields; the caller adds `Content-Type`, `Content-Length`, `Cache-Control` and `Connection`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorView:
    """An error as a reader may see it. Everything from `site` on is shown with `detail` only."""

    status: int
    """Status code."""
    sentence: str
    """What happened, for a stranger: no names, addresses, versions."""
    request_id: str = ""
    """The request's id, to be told to an administrator."""
    detail: bool = False
    """Whether the reader may see everything, `errors.detail = "full"`."""
    first_server: str = ""
    """Our own name."""
    second_server: str = ""
    """The backend; shown to strangers only when its certificate was refused, and only a name, never an address."""
    site: str = ""
    """Name of the site."""
    reason: str = ""
    """Reason word."""
    code: int | None = None
    """OpenSSL's verify code; None when OpenSSL gave none."""
    why: str = ""
    """Cause in one sentence."""
    cure: str = ""
    """What an administrator does about it."""
    policy: str = ""
    """`allow` or `enforce`."""
    policy_source: str = ""
    """Where the switch was set."""
    findings: tuple[str, ...] = ()
    """Every cause that was found, a sentence each, the deciding one first."""
    chain: tuple[str, ...] = ()
    """The backend's certificates, drawn; its lines are kept as they are."""
    valid_for: tuple[str, ...] = ()
    """The names that the backend's certificate is for."""
    resembles: str = ""
    """The site whose server the certificate belongs to, when that is another one."""
    store: str = ""
    """The trust store that was consulted."""
    refused: bool | None = None
    """Whether the backend's certificate was refused; None: a code or the reason `pin_mismatch` tells."""

    @property
    def is_refusal(self) -> bool:
        """Whether it was trust that failed."""
        if self.refused is not None:
            return self.refused
        return self.code is not None or self.reason == "pin_mismatch"


class Fact(NamedTuple):
    """A line of the table under the sentence."""

    name: str
    """Label for people."""
    key: str
    """Key of the JSON form."""
    value: str
    """Value; facts without one are left out."""

    @property
    def text(self) -> str:
        """The value for people: policies with the switch's number, a site as such."""
        if self.key == "resembles":
            return f"site {self.value}"
        return _POLICIES.get(self.value, self.value) if self.key == "policy" else self.value


_ADVICE = MappingProxyType(
    {
        400: "If you typed the address, check it. If a program sent the request, the program must be mended.",
        408: "The request took too long to arrive. Check your connection and try again.",
        413: "What you tried to send is larger than this server accepts.",
        414: "The address is longer than this server accepts.",
        421: "This server does not answer for that name. Check the address.",
        431: "Your browser sent too much with the request. Deleting this site's cookies often helps.",
        500: "Try again. If it happens again, tell your administrator the request id.",
        501: "This server does not know the method of the request.",
        502: "Trying again is unlikely to help. Tell your administrator the request id.",
        503: "Try again in a moment.",
        504: "Try again in a moment. If it happens again, tell your administrator the request id.",
    }
)
"""What the reader can do, by status; one sentence or two."""

_TITLES = MappingProxyType(
    {
        400: "The request could not be understood",
        408: "The request took too long",
        413: "Too large to send",
        414: "The address is too long",
        421: "Nobody by that name here",
        431: "Too much sent with the request",
        500: "Something went wrong here",
        501: "Not supported",
        502: "Your mailbox cannot be reached",
        503: "Busy at the moment",
        504: "No answer in time",
    }
)
"""Headings in everyday words, by status."""
_REASONS = 20
"""Causes that a page lists."""
_CHAIN_LINES = 200
"""Lines of a chain that a page shows."""
_REFUSED_TITLE = "The mailbox server is not trusted"
_POLICIES = MappingProxyType({"enforce": "enforce (switch 0)", "allow": "allow (switch 1)"})


def title_of(view: ErrorView) -> str:
    """Give the page's heading in everyday words."""
    return _REFUSED_TITLE if view.is_refusal else _TITLES.get(view.status, "Something went wrong")


def phrase_of(status: int) -> str:
    """Give the phrase of HTTP for the status; empty for one that HTTP does not name."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def advice_of(status: int) -> str:
    """Say what the reader can do; empty for a status that we never answer with."""
    return _ADVICE.get(status, "")


def facts_of(view: ErrorView) -> list[Fact]:
    """Choose the facts this reader may see, in the order they are shown."""
    facts = [
        *(_all_facts(view) if view.detail else _public_facts(view)),
        Fact("Request id", "request_id", view.request_id),
    ]
    return [fact._replace(value=clean_text(fact.value)) for fact in facts if fact.value]


def reasons_of(view: ErrorView) -> list[str]:
    """List every cause this reader may see, cleaned, the deciding one first."""
    return _bounded(view.findings, _REASONS) if view.detail else []


def chain_of(view: ErrorView) -> list[str]:
    """Give the drawn chain if this reader may see it, cleaned."""
    return _bounded(view.chain, _CHAIN_LINES) if view.detail else []


def _bounded(lines: tuple[str, ...], most: int) -> list[str]:
    more = [f"… {len(lines) - most:,} more"] if len(lines) > most else []
    return [*(clean_text(line) for line in lines[:most]), *more]


def _public_facts(view: ErrorView) -> list[Fact]:
    if not view.is_refusal:
        return []
    return _servers(_public_name(view.first_server), _public_name(view.second_server))


def _all_facts(view: ErrorView) -> list[Fact]:
    return [
        *_servers(view.first_server, view.second_server),
        Fact("Site", "site", view.site),
        Fact("Reason", "reason", view.reason),
        Fact("OpenSSL code", "code", "" if view.code is None else str(view.code)),
        Fact("Why", "why", view.why),
        Fact("Valid for", "valid_for", list_some(view.valid_for)),
        Fact("Certificate of", "resembles", view.resembles),
        Fact("Cure", "cure", view.cure),
        Fact("Trust store", "store", view.store),
        Fact("Trust policy", "policy", view.policy),
        Fact("Policy set by", "policy_source", view.policy_source),
    ]


def _servers(first: str, second: str) -> list[Fact]:
    return [Fact("First server", "first_server", first), Fact("Second server", "second_server", second)]


def _public_name(server: str) -> str:
    """Reduce a server to what a stranger may read: its name without scheme, port, path; an address to nothing."""
    host = server.partition("://")[2] or server
    host = host.partition("/")[0]
    if host.startswith("["):
        return ""
    host = host if host.count(":") > 1 else host.partition(":")[0]
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host
    return ""
