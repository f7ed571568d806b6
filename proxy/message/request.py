"""Read what a request head means and write the head that goes upstream; sending it is left to `relay`.

The outgoing head is composed anew, never copied: the reader gives lines that may pass, the writer adds everything
that must be ours. Only what is checked or made here can stand in it.

Tuned: one pass over the fields, one join. Lowering every name and one `if` each cost four times as much.
"""

from typing import NamedTuple

from proxy.errors import ClientFault, LoopDetected
from proxy.message.affinity import is_bound_credential
from proxy.message.authority import host_name
from proxy.message.cookies import NO_COOKIES, OwnCookies, has_own, take_own, without_own
from proxy.message.faults import MalformedMessage
from proxy.message.forwarded import FORWARDING, IDENTITY, IDENTITY_PREFIXES, Leg, Trail, names_us
from proxy.message.framing import NO_BODY, announced_framing
from proxy.message.grammar import CRLF, VISIBLE, pseudonym_of
from proxy.message.hop_by_hop import (
    HOP_BY_HOP,
    NO_OPTIONS,
    connection_options,
    may_persist,
    upgrade_value,
    without_named,
)
from proxy.message.roles import Role, RoleTable
from proxy.model.message import BodyKind, Framing, RequestHead

__all__ = ["Leg", "RequestFacts", "RequestReader", "RequestWriter"]

MAX_NAMES = 1024
"""Host values remembered as valid; beyond it the table starts anew."""
_new = tuple.__new__
_Marked = dict[Role, list[bytes]]
_NOTHING: list[bytes] = []
# Members by themselves: up to Python 3.11 `Role.HOST` is a failed lookup and a call, 0.3 µs each.
_HOST, _CONNECTION, _LENGTH, _CODING, _UPGRADE = Role.HOST, Role.CONNECTION, Role.LENGTH, Role.CODING, Role.UPGRADE
_EXPECT, _VIA, _REQUEST_ID = Role.EXPECT, Role.VIA, Role.REQUEST_ID
_FORWARDED, _FORWARDED_FOR = Role.FORWARDED, Role.FORWARDED_FOR
_COOKIE, _CREDENTIAL = Role.COOKIE, Role.CREDENTIAL
_NONE_BODY, _LENGTH_BODY, _CHUNKED_BODY = BodyKind.NONE, BodyKind.LENGTH, BodyKind.CHUNKED


class RequestFacts(NamedTuple):
    """What a request head means, and what of it passes on."""

    authority: bytes
    """`Host` as it was sent."""
    name: str
    """Its host, lower case, without port, IPv6 without brackets."""
    target: bytes
    """Origin-form or `b"*"` (an absolute-form target made origin-form); goes upstream byte for byte."""
    framing: Framing
    """How the end of the body is found."""
    keep_alive: bool
    """Whether the browser wants to use the connection again."""
    expects_continue: bool
    """Whether it waits for `100 Continue` before it sends the body."""
    upgrade: bytes
    """Protocols it wants to switch to; empty: none."""
    lines: list[bytes]
    """Lines `b"Name: value\\r\\n"` of the fields that pass on; order, case and duplicates kept."""
    via: list[bytes]
    """`Via` values as received."""
    forwarded: list[bytes]
    """`Forwarded` values as received; to be believed only of trusted peers."""
    forwarded_for: list[bytes]
    """`X-Forwarded-For` values as received; to be believed only of trusted peers."""
    request_id: bytes
    """`X-Request-Id` as received, the first one; empty: none."""
    own: OwnCookies
    """Our own cookies, which do not pass on."""
    binds: bool
    """Whether it signs the connection to the backend in (NTLM, Negotiate), which then is this browser's alone."""


class RequestReader:
    """Read request heads. Built once; remembers spellings of names and valid hosts, both bounded.

    `identity` are further names of fields that only we may set, in whatever spelling they come.
    """

    __slots__ = ("_names", "_pseudonym", "_table")

    def __init__(self, first_server: str, identity: tuple[bytes, ...] = ()) -> None:
        ours = {b"host": Role.HOST, b"expect": Role.EXPECT, b"cookie": Role.COOKIE, b"authorization": Role.CREDENTIAL}
        names = {name.lower().replace(b"_", b"-"): Role.DROPPED for name in identity}
        self._table = RoleTable({**HOP_BY_HOP, **ours, **FORWARDING, **IDENTITY, **names}, IDENTITY_PREFIXES)
        self._pseudonym = pseudonym_of(first_server).lower()
        self._names: dict[bytes, str] = {}

    def read(self, head: RequestHead) -> RequestFacts:
        """Decide what a parsed head means.

        Raises: ClientFault 400; LoopDetected when `Via` carries our name.
        Source: RFC 9110 §7.2, §7.6, §7.8, §10.1.1; RFC 9112 §3.2, §3.3, §6.
        """
        try:
            return self._read(head)
        except MalformedMessage as fault:
            raise ClientFault(400, f"The request is malformed: {fault}.") from None

    def _read(self, head: RequestHead) -> RequestFacts:
        method, target, minor, fields = head
        get = self._table.known.get
        lines: list[bytes] = []
        append = lines.append
        marked: _Marked = {}
        for name, value in fields:
            role = get(name) or self._table.learn(name)
            if type(role) is bytes:
                append(role + value + CRLF)
            elif role is _COOKIE:
                _take_cookies(name, value, lines, marked)
            elif role is _CREDENTIAL:
                append(name + b": " + value + CRLF)
                if is_bound_credential(value):
                    marked[_CREDENTIAL] = [value]
            elif role in marked:
                marked[role].append(value)
            else:
                marked[role] = [value]  # type: ignore[index]  # as above
        authority = _single_host(marked.pop(_HOST, _NOTHING))
        host = self._names.get(authority) or self._learn_host(authority)
        if target[:1] != b"/":
            target = _origin_form(method, target, authority)
        options = connection_options(marked.pop(_CONNECTION)) if _CONNECTION in marked else NO_OPTIONS
        keep_alive = may_persist(options, minor)
        lines = without_named(lines, options)
        facts = _new(RequestFacts, (
            authority, host, target, NO_BODY, keep_alive, False, b"", lines, [], [], [], b"", NO_COOKIES, False
        ))  # fmt: skip
        return self._read_marked(facts, marked, options, minor) if marked else facts

    def _read_marked(self, facts: RequestFacts, marked: _Marked, options: frozenset[bytes], minor: int) -> RequestFacts:
        """Add what the fields mean that not every request has; Host and Connection are dealt with."""
        take = marked.get
        framing = announced_framing(take(_LENGTH, _NOTHING), take(_CODING, _NOTHING), minor) or NO_BODY
        upgrade = b""
        has_body = framing.length or framing.kind is _CHUNKED_BODY
        if _UPGRADE in marked and not has_body:  # a switch in the middle of a body would mix it with the tunnel
            upgrade = upgrade_value(marked[_UPGRADE], options, minor)
        expects = _EXPECT in marked and _expects_continue(marked[_EXPECT], framing, minor)
        if expects:
            facts.lines.append(b"Expect: 100-continue\r\n")
        via = take(_VIA, [])
        if via and names_us(via, self._pseudonym):
            raise LoopDetected("The request carries our own name in Via.")
        ids = take(_REQUEST_ID)
        authority, host, target, _, keep_alive, *_ = facts
        return _new(RequestFacts, (
            authority, host, target, framing, keep_alive, expects, upgrade, facts.lines, via,
            take(_FORWARDED, []), take(_FORWARDED_FOR, []), ids[0] if ids else b"",
            take_own(marked[_COOKIE]) if _COOKIE in marked else NO_COOKIES, _CREDENTIAL in marked,
        ))  # fmt: skip

    def _learn_host(self, authority: bytes) -> str:
        name = host_name(authority)
        if len(self._names) >= MAX_NAMES:
            self._names.clear()
        self._names[authority] = name
        return name


def _take_cookies(name: bytes, value: bytes, lines: list[bytes], marked: _Marked) -> None:
    """Pass a `Cookie` field on in its place, but keep what is ours."""
    if has_own(value):
        marked.setdefault(_COOKIE, []).append(value)
        value = without_own(value)
    if value:
        lines.append(name + b": " + value + CRLF)


def _single_host(values: list[bytes]) -> bytes:
    """Give the one Host value. HTTP/1.0 allows none, but without one no site can be chosen: 400 all the same."""
    if len(values) != 1:
        raise MalformedMessage("repeated Host" if values else "missing Host")
    return values[0]


def _origin_form(method: bytes, target: bytes, authority: bytes) -> bytes:
    """Turn absolute-form into origin-form, let `*` pass for OPTIONS, refuse the rest (RFC 9112 §3.2.2, §3.2.4)."""
    if target == b"*":
        if method != b"OPTIONS":
            raise MalformedMessage("target * with a method other than OPTIONS")
        return target
    scheme, separator, rest = target.partition(b"://")
    if not separator or scheme.lower() not in (b"http", b"https"):
        raise MalformedMessage("target neither a path nor an http address")
    ends = [place for place in (rest.find(b"/"), rest.find(b"?")) if place >= 0]
    end = min(ends, default=len(rest))
    if rest[:end].lower() != authority.lower():
        raise MalformedMessage("target names another host than Host")
    path = rest[end:]
    if not path and method == b"OPTIONS":
        return b"*"
    return path if path[:1] == b"/" else b"/" + path


def _expects_continue(values: list[bytes], framing: Framing, minor: int) -> bool:
    """Tell whether to wait; ignored in HTTP/1.0 and without a body (RFC 9110 §10.1.1). Anything else is refused."""
    if len(values) != 1 or values[0].lower() != b"100-continue":
        raise MalformedMessage("expectation other than 100-continue")
    return minor == 1 and framing.kind is not _NONE_BODY


def is_usable_id(request_id: bytes) -> bool:
    """Tell whether a request id may be taken over: visible ASCII, at least one character."""
    return bool(request_id) and not request_id.translate(None, VISIBLE)


class RequestWriter:
    """Write request heads for backends. Built once; remembers the fields of a leg, bounded."""

    __slots__ = ("_trail",)

    def __init__(self, first_server: str) -> None:
        self._trail = Trail(pseudonym_of(first_server))

    def write(self, head: RequestHead, facts: RequestFacts, leg: Leg, request_id: bytes) -> bytes:
        """Compose the complete head, blank line included; always HTTP/1.1.

        Raises: ValueError when a value that is not the peer's holds what may not stand in a head: a defect.
        """
        if not is_usable_id(request_id):
            raise ValueError("request id must be visible ASCII")
        middle, end = self.surround(head.minor, facts, leg)
        return b"".join((head.method, b" ", facts.target, middle, request_id, end))

    def surround(self, minor: int, facts: RequestFacts, leg: Leg) -> tuple[bytes, bytes]:
        """Compose what stands between target and request id, and what follows the id.

        That is all that one request shares with the next that says the same. Raises: ValueError as `write` does.
        """
        host, ours = self._trail.lines(minor, facts, leg)
        middle = b"".join((host, *facts.lines, ours, b"X-Request-Id: "))
        end = b""
        kind = facts.framing.kind
        if kind is _LENGTH_BODY:
            end = b"\r\nContent-Length: %d" % facts.framing.length
        elif kind is _CHUNKED_BODY:
            end = b"\r\nTransfer-Encoding: chunked"
        if facts.upgrade:
            end += b"\r\nConnection: Upgrade\r\nUpgrade: " + facts.upgrade
        return middle, end + b"\r\n\r\n"
