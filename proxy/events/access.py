r"""Writes one answered request as one JSON line of the access log; files and batches are left to `sinks.access`.

Fields, always all of them, in this order; text that is not known is `""`:

| field | meaning |
|---|---|
| `@timestamp` | end of the answer, RFC 3339, UTC, milliseconds |
| `client.address` | the peer's IP address |
| `http.request.id` | `X-Request-Id`, also in events and on error pages |
| `http.request.method` | method |
| `url.path` | request target as it came, **without the query**: a query may hold secrets |
| `url.domain` | `Host` as it came |
| `http.response.status_code` | status sent |
| `http.response.bytes` | bytes sent to the client for this request |
| `http.request.bytes` | bytes received from the client for this request |
| `event.duration` | from the request's first byte to the answer's last, nanoseconds |
| `casproxy.site` | site that was chosen |
| `destination.domain` | server that was chosen |
| `casproxy.policy`, `casproxy.policy_source` | the switch, `allow` or `enforce`, and where it was set |
| `casproxy.decision` | why the site was chosen |
| `casproxy.trust` | `trusted`, or `allowed` when the server's certificate is not trusted |
| `error.type` | proxy error type (RFC 9209) when the answer is ours or was cut off |
| `tls.version` | TLS version of the client's connection |
| `http.version` | version of the client's request |

User agent, referer, cookies, credentials and bodies are never written.
"""

import json
from datetime import UTC, datetime
from typing import NamedTuple

from proxy.events.clean import clean_text


class Way(NamedTuple):
    """Where a request went and under which policy; made once for each server, not once for each request."""

    site: str = ""
    """Name of the site."""
    server: str = ""
    """The server that was chosen."""
    policy: str = ""
    """`allow` or `enforce`."""
    policy_source: str = ""
    """Where the switch was set."""


NOWHERE = Way()
"""The way of a request that was answered before a site was chosen."""


class AccessEntry(NamedTuple):
    """One answered request. Text of the wire is bytes as it came; the encoder escapes what must be escaped."""

    time: float
    """End of the answer, seconds since 1970."""
    client: bytes
    """The peer's IP address."""
    request_id: bytes
    """`X-Request-Id`."""
    method: bytes
    """Method as it came; empty when the request could not be read."""
    target: bytes
    """Request target as it came; the query is cut off here."""
    status: int
    """Status sent."""
    bytes_out: int
    """Bytes sent."""
    bytes_in: int
    """Bytes received."""
    seconds: float
    """Duration."""
    host: bytes = b""
    """`Host` as it came."""
    way: Way = NOWHERE
    """Where it went; this and all that follows has few values, whose text is remembered."""
    because: str = ""
    """`Decision.because`."""
    trust: str = ""
    """`trusted` or `allowed`."""
    error: str = ""
    """Proxy error type of RFC 9209; empty when all went well."""
    tls: str = ""
    """TLS version as `ssl` spells it: `TLSv1.3`."""
    minor: int = 1
    """Minor digit of the HTTP version."""


_MILLISECONDS = (*(f"{number:03d}" for number in range(1000)), "999")
"""The last one is for what rounding lifts to the next second."""
_WIRE_VALUES = 5
"""Values of a line that strangers choose."""

_TAIL_NAMES = (
    "casproxy.site",
    "destination.domain",
    "casproxy.policy",
    "casproxy.policy_source",
    "casproxy.decision",
    "casproxy.trust",
    "error.type",
    "tls.version",
    "http.version",
)
_TAILS_KEPT = 1024
"""Rendered tails remembered; more than any topology has in use at once."""

_MAX_PATH = 2048
"""Characters of a path that are written."""


class AccessEncoder:
    """Encodes entries; remembers the text of the current second and of the tails (site to version) it has seen.

    Tuned: 1.4 µs a line with all its checks; with `bytes % ...` it takes 1.9 µs, a dict through `json.dumps` 10 µs.
    One f-string is half the price of `%` with five numbers, and one joined text is checked at half of five checks.
    """

    def __init__(self) -> None:
        self._second = -1
        self._second_text = ""
        self._rest: list[object] = []
        self._tail_text = ""
        self._tails: dict[tuple[object, ...], str] = {}

    def encode(self, entry: AccessEntry) -> bytes:
        """Write the entry as one line."""
        at, client, request_id, method, target, status, bytes_out, bytes_in, seconds, host, *rest = entry
        path = target.partition(b"?")[0]
        values = b'"'.join((client, request_id, method, path, host)).decode("latin-1")
        texts = values.split('"')
        if len(texts) != _WIRE_VALUES or len(path) > _MAX_PATH or not _is_harmless(values):
            texts = [_escape(raw) for raw in (client, request_id, method, path, host)]
        client_, id_, method_, path_, host_ = texts
        second = int(at)
        if second != self._second:
            self._turn(second)
        if rest != self._rest:  # most lines end as the line before: comparing them is cheaper than hashing seven
            tail = tuple(rest)
            self._rest, self._tail_text = rest, self._tails.get(tail) or self._render(tail)
        return (
            f'{{"@timestamp":"{self._second_text}.{_MILLISECONDS[int((at - second) * 1000 + 0.0005)]}Z",'
            f'"client.address":"{client_}","http.request.id":"{id_}","http.request.method":"{method_}",'
            f'"url.path":"{path_}","url.domain":"{host_}","http.response.status_code":{status},'
            f'"http.response.bytes":{bytes_out},"http.request.bytes":{bytes_in},'
            f'"event.duration":{int(seconds * 1e9)},{self._tail_text}}}\n'
        ).encode()

    def _turn(self, second: int) -> None:
        self._second = second
        self._second_text = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")

    def _render(self, tail: tuple[object, ...]) -> str:
        if len(self._tails) >= _TAILS_KEPT:
            self._tails.clear()
        way, *others, minor = tail
        assert isinstance(way, Way)
        values = [clean_text(text) for text in map(str, (*way, *others))]
        pairs = zip(_TAIL_NAMES, [*values, f"1.{minor}"], strict=True)
        self._tails[tail] = ",".join(f'"{name}":{json.dumps(value)}' for name, value in pairs)
        return self._tails[tail]


def encode_access(entry: AccessEntry) -> bytes:
    """Write a single entry; whoever writes many keeps an `AccessEncoder`."""
    return AccessEncoder().encode(entry)


def _is_harmless(text: str) -> bool:
    """Tell whether JSON takes the text as it is, quotes aside: printable ASCII without backslashes."""
    return text.isascii() and text.isprintable() and "\\" not in text


def _escape(raw: bytes) -> str:
    """Clean and escape for the inside of a JSON string; bytes that are no UTF-8 are shown by their number."""
    text = clean_text(raw.decode("utf-8", "backslashreplace"), _MAX_PATH)
    return json.dumps(text, ensure_ascii=False)[1:-1]
