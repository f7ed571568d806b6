"""Read what a response head means and write the head that goes to the browser; sending it is left to `relay`.

Our own `Via` is added to responses too: §7.6.3 of RFC 9110 demands it of proxies and allows it to gateways. Our error
pages name us in `Proxy-Status` anyway, so it tells strangers nothing new, and it shows where an answer has been.

Tuned like `request`: one pass over the fields, one join.
"""

from typing import NamedTuple

from proxy.message.affinity import is_bound_challenge
from proxy.message.cookies import sets_own
from proxy.message.framing import NO_BODY, UNTIL_CLOSE, announced_framing, content_length
from proxy.message.grammar import CRLF, VISIBLE, pseudonym_of
from proxy.message.hop_by_hop import HOP_BY_HOP, connection_options, may_persist, upgrade_value, without_named
from proxy.message.rewrite import Names, rewrite_cookie, rewrite_location
from proxy.message.roles import Role, RoleTable
from proxy.model.message import BodyKind, Framing, ResponseHead

__all__ = ["Names", "ResponseFacts", "ResponseReader", "ResponseWriter"]

_SWITCHING = 101
_NO_CONTENT = 204
_NOT_MODIFIED = 304
_OK = 200
_new = tuple.__new__
_Marked = dict[Role, list[bytes]]
_NOTHING: list[bytes] = []
_FIELDS = {
    b"via": Role.VIA,
    b"x-request-id": Role.DROPPED,
    b"location": Role.LOCATION,
    b"content-location": Role.LOCATION,
    b"set-cookie": Role.SET_COOKIE,
    b"www-authenticate": Role.CHALLENGE,
}
_STATUS_LINES = tuple(b"HTTP/1.1 %d " % status for status in range(600))
# Members by themselves: up to Python 3.11 `Role.HOST` is a failed lookup and a call, 0.3 µs each.
_CONNECTION, _LENGTH, _CODING, _UPGRADE, _VIA, _SET_COOKIE, _LOCATION = (
    Role.CONNECTION, Role.LENGTH, Role.CODING, Role.UPGRADE, Role.VIA, Role.SET_COOKIE, Role.LOCATION,
)  # fmt: skip
_CHALLENGE = Role.CHALLENGE
_LENGTH_BODY, _CHUNKED_BODY = BodyKind.LENGTH, BodyKind.CHUNKED


class ResponseFacts(NamedTuple):
    """What a response head means, and what of it passes on."""

    framing: Framing
    """How the end of the backend's body is found."""
    keep_alive: bool
    """Whether the backend's connection may be used again once the body has ended."""
    upgrade: bytes
    """Protocol the backend switched to, 101 only; empty: none."""
    lines: list[bytes]
    """Lines `b"Name: value\\r\\n"` of the fields that pass on, names already rewritten."""
    via: list[bytes]
    """`Via` values as received."""
    binds: bool
    """Whether it asks to sign the connection in (NTLM, Negotiate): from then on that is one browser's alone."""


class ResponseReader:
    """Read response heads. Built once; remembers spellings of names, bounded."""

    __slots__ = ("_table",)

    def __init__(self, first_server: str) -> None:
        del first_server  # a response that has been here before is no loop: its request would have been one
        self._table = RoleTable({**HOP_BY_HOP, **_FIELDS}, (b"x-casproxy-",))

    def read(self, head: ResponseHead, method: bytes, names: Names) -> ResponseFacts:
        """Decide what a parsed head means as the answer to a request with this method.

        A Content-Length that announces no body (HEAD, 304) is kept as a line. Whether a 101 was asked for, and what an
        interim response is worth, is left to the caller.
        Raises: MalformedMessage.
        Source: RFC 9112 §6.3, §9.3; RFC 9110 §7.6, §7.8.
        """
        status = head.status
        lines, marked = self._sort(head, names)
        take = marked.get
        options = connection_options(take(_CONNECTION, _NOTHING))
        lines = without_named(lines, options)
        lengths = take(_LENGTH, _NOTHING)
        codings = take(_CODING, _NOTHING)
        framing = announced_framing(lengths, codings, head.minor) or UNTIL_CLOSE
        keep_alive = may_persist(options, head.minor)
        upgrade = b""
        if status < _OK or status == _NO_CONTENT:
            # bytes that are announced where none may be (RFC 9112 §6.3) would be taken for the next answer
            keep_alive = keep_alive and status != _SWITCHING and framing.length == 0 and not codings
            framing = NO_BODY
            if status == _SWITCHING:
                upgrade = upgrade_value(take(_UPGRADE, _NOTHING), options, head.minor)
        elif method == b"HEAD" or status == _NOT_MODIFIED:
            if lengths:
                lines.append(b"Content-Length: %d\r\n" % content_length(lengths[0]))
            framing = NO_BODY
        elif framing is UNTIL_CLOSE:
            keep_alive = False
        binds = _CHALLENGE in marked
        return _new(ResponseFacts, (framing, keep_alive, upgrade, lines, take(_VIA, _NOTHING), binds))

    def interim(self, head: ResponseHead) -> list[bytes]:
        """Give the lines of a 1xx response that pass on (RFC 9110 §15.2). Raises: MalformedMessage."""
        lines, marked = self._sort(head, None)
        return without_named(lines, connection_options(marked.get(_CONNECTION, _NOTHING)))

    def _sort(self, head: ResponseHead, names: Names | None) -> tuple[list[bytes], _Marked]:
        """Part the fields into lines that pass and values that mean something to us."""
        get = self._table.known.get
        lines: list[bytes] = []
        append = lines.append
        marked: _Marked = {}
        for name, value in head.fields:
            role = get(name) or self._table.learn(name)
            if type(role) is bytes:
                append(role + value + CRLF)
            elif role is _SET_COOKIE:
                if sets_own(value):  # a backend that could set it could sign somebody in as somebody else
                    continue
                append(name + b": " + (rewrite_cookie(value, names) if names else value) + CRLF)
            elif role is _LOCATION:
                append(name + b": " + (rewrite_location(value, names) if names else value) + CRLF)
            elif role is _CHALLENGE:
                append(name + b": " + value + CRLF)
                if is_bound_challenge(value):
                    marked[_CHALLENGE] = _NOTHING
            else:
                marked.setdefault(role, []).append(value)  # type: ignore[arg-type]  # `type() is` narrows one branch
        return lines, marked


class ResponseWriter:
    """Write response heads for browsers. Built once."""

    __slots__ = ("_via",)

    def __init__(self, first_server: str) -> None:
        name = pseudonym_of(first_server)
        self._via = tuple(b"Via: 1.%d %b\r\nX-Request-Id: " % (minor, name) for minor in (0, 1))

    def write(
        self,
        head: ResponseHead,
        facts: ResponseFacts,
        *,
        framing: Framing,
        close: bool,
        request_id: bytes,
        keep_alive_10: bool = False,
    ) -> bytes:
        """Compose the complete head, blank line included; always HTTP/1.1.

        `framing` is what we send to this browser. `close` adds `Connection: close`; `keep_alive_10` adds
        `Connection: keep-alive`, which a browser that speaks HTTP/1.0 must see before it reuses the connection.
        Raises: ValueError when the request id is not visible ASCII: a defect.
        """
        if not request_id or request_id.translate(None, VISIBLE):
            raise ValueError("request id must be visible ASCII")
        start, end = self.surround(head, facts, framing=framing, close=close, keep_alive_10=keep_alive_10)
        return start + request_id + end

    def surround(
        self,
        head: ResponseHead,
        facts: ResponseFacts,
        *,
        framing: Framing,
        close: bool,
        keep_alive_10: bool = False,
    ) -> tuple[bytes, bytes]:
        """Compose what stands before and after the request id; see `write`."""
        parts = [_STATUS_LINES[head.status], head.reason, CRLF]
        parts += facts.lines
        if facts.via:
            parts += [b"Via: " + value + CRLF for value in facts.via if value]
        parts.append(self._via[head.minor])
        end = b""
        kind = framing.kind
        if kind is _LENGTH_BODY:
            end = b"\r\nContent-Length: %d" % framing.length
        elif kind is _CHUNKED_BODY:
            end = b"\r\nTransfer-Encoding: chunked"
        if facts.upgrade:
            end += b"\r\nConnection: Upgrade\r\nUpgrade: " + facts.upgrade
        elif close:
            end += b"\r\nConnection: close"
        elif keep_alive_10:
            end += b"\r\nConnection: keep-alive"
        return b"".join(parts), end + b"\r\n\r\n"
