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
| `user.name` | who signed in, as `log.user` lets it be told |
| `tls.version` | TLS version of the client's connection |
| `http.version` | version of the client's request |

User agent, referer, cookies, credentials and bodies are never written.
"""

import json
from datetime import UTC, datetime
from typing import NamedTuple

from proxy.model.clean import clean_text
from proxy.model.reply import Deed


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
    answer_seconds: float = 0.0
    """From the request's head on its way to the server to the head of its answer; 0: no answer. For the metrics."""
    deed: Deed = Deed.NONE
    """What an answer of ours did, for the metrics."""
    way: Way = NOWHERE
    """Where it went; this and all that follows has few values, whose text is remembered."""
    because: str = ""
    """`Decision.because`."""
    trust: str = ""
    """`trusted` or `allowed`."""
    error: str = ""
    """Proxy error type of RFC 9209; empty when all went well."""
    user: str = ""
    """Who signed in, as `log.user` lets it be told; empty: nobody, or not to be told."""
    tls: str = ""
    """TLS version as `ssl` spells it: `TLSv1.3`."""
    minor: int = 1
    """Minor digit of the HTTP version."""


_LINE = (
    b'{"@timestamp":"%b.%03dZ","client.address":"%b","http.request.id":"%b","http.request.method":"%b",'
    b'"url.path":"%b","url.domain":"%b","http.response.status_code":%d,"http.response.bytes":%d,'
    b'"http.request.bytes":%d,"event.duration":%d,%b}\n'
)
_HARMLESS = bytes(byte for byte in range(0x20, 0x7F) if byte not in b'"\\')
"""Bytes that JSON takes as they are."""

_TAIL_NAMES = (
    "casproxy.site",
    "destination.domain",
    "casproxy.policy",
    "casproxy.policy_source",
    "casproxy.decision",
    "casproxy.trust",
    "error.type",
    "user.name",
    "tls.version",
    "http.version",
)
_TAIL = AccessEntry._fields.index("way")
_TAILS_KEPT = 4096
"""Rendered tails remembered: as many as there are users at work on one proxy, mostly."""

_MAX_PATH = 2048
"""Characters of a path that are written."""


class AccessEncoder:
    """Encodes entries; remembers the text of the current second and of the tails (site to version) it has seen.

    Tuned: 1.8 µs a line with all its checks; the plain version, a dict through `json.dumps`, takes 10 µs.
    """

    def __init__(self) -> None:
        self._second = -1
        self._second_text = b""
        self._tails: dict[tuple[object, ...], bytes] = {}

    def encode(self, entry: AccessEntry) -> bytes:
        """Write the entry as one line."""
        at, client, request_id, method, target, status, bytes_out, bytes_in, seconds, host, *_ = entry
        path = target.partition(b"?")[0]
        if len(path) > _MAX_PATH or b"".join((client, request_id, method, path, host)).translate(None, _HARMLESS):
            client, request_id, method, path, host = map(_escape, (client, request_id, method, path, host))
        second = int(at)
        tail = entry[_TAIL:]
        return _LINE % (
            self._second_text if second == self._second else self._turn(second),
            int(at * 1000) - second * 1000,
            client,
            request_id,
            method,
            path,
            host,
            status,
            bytes_out,
            bytes_in,
            int(seconds * 1e9),
            self._tails.get(tail) or self._render(tail),
        )

    def _turn(self, second: int) -> bytes:
        self._second = second
        self._second_text = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S").encode()
        return self._second_text

    def _render(self, tail: tuple[object, ...]) -> bytes:
        if len(self._tails) >= _TAILS_KEPT:
            self._tails.clear()
        way, *others, minor = tail
        assert isinstance(way, Way)
        values = [clean_text(text) for text in map(str, (*way, *others))]
        pairs = zip(_TAIL_NAMES, [*values, f"1.{minor}"], strict=True)
        self._tails[tail] = ",".join(f'"{name}":{json.dumps(value)}' for name, value in pairs).encode()
        return self._tails[tail]


def encode_access(entry: AccessEntry) -> bytes:
    """Write a single entry; whoever writes many keeps an `AccessEncoder`."""
    return AccessEncoder().encode(entry)


def _escape(raw: bytes) -> bytes:
    """Clean and escape for the inside of a JSON string; bytes that are no UTF-8 are shown by their number."""
    text = clean_text(raw.decode("utf-8", "backslashreplace"), _MAX_PATH)
    return json.dumps(text, ensure_ascii=False)[1:-1].encode()
