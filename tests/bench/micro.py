"""Times the pure functions of the hot path, one by one: `python -m tests.bench.micro`.

Prints µs per call, best of several repeats; each case imports what it needs, and one that cannot is left out with
the reason. What a whole request costs is left to `run`.
"""

import sys
import timeit
from collections.abc import Callable
from types import ModuleType

from proxy.model.limits import Limits
from proxy.model.message import BodyKind, Framing, RequestHead, ResponseHead
from proxy.model.sites import Server, Site, Topology
from tests.bench.workloads import BROWSER_FIELDS, body_bytes

Call = Callable[[], object]

REPEATS = 7
TARGET_SECONDS = 0.05
"""Length of one repeat."""

BROWSER = [("Host", "mail.example"), *BROWSER_FIELDS]
ONE_FIELD = [("Host", "mail.example")]
ANSWER = [
    ("Server", "nginx"),
    ("Date", "Tue, 24 Nov 2026 08:00:00 GMT"),
    ("Content-Type", "application/octet-stream"),
    ("Content-Length", "1024"),
    ("Last-Modified", "Tue, 24 Nov 2026 07:00:00 GMT"),
    ("Connection", "keep-alive"),
    ("ETag", '"5f3c8a1e-400"'),
    ("Accept-Ranges", "bytes"),
]
REQUEST_ID = b"3f1c9b2e7a604d5f8e21"


def _head(start: str, fields: list[tuple[str, str]]) -> bytes:
    return "\r\n".join([start, *(f"{name}: {value}" for name, value in fields), "", ""]).encode()


def _module(name: str) -> ModuleType:
    return __import__(name, fromlist=["*"])


def _request_head(fields: list[tuple[str, str]]) -> RequestHead:
    raw = _head("GET /owa/?ae=Folder HTTP/1.1", fields)
    return _module("proxy.message.head").parse_request_head(raw, Limits())


def _response_head() -> ResponseHead:
    return _module("proxy.message.head").parse_response_head(_head("HTTP/1.1 200 OK", ANSWER), Limits())


def _parse_request(fields: list[tuple[str, str]]) -> Call:
    parse, raw, limits = _module("proxy.message.head").parse_request_head, _head("GET / HTTP/1.1", fields), Limits()
    return lambda: parse(raw, limits)


def _read_request(fields: list[tuple[str, str]]) -> Call:
    reader, head = _module("proxy.message.request").RequestReader("CAS01"), _request_head(fields)
    return lambda: reader.read(head)


def _write_request(fields: list[tuple[str, str]]) -> Call:
    request = _module("proxy.message.request")
    head = _request_head(fields)
    facts = request.RequestReader("CAS01").read(head)
    leg = request.Leg(peer=b"192.0.2.7", peer_trusted=False, host=b"cas02.branch.example", trust=b"trusted")
    writer = request.RequestWriter("CAS01")
    return lambda: writer.write(head, facts, leg, REQUEST_ID)


def _parse_response() -> Call:
    parse, raw, limits = _module("proxy.message.head").parse_response_head, _head("HTTP/1.1 200 OK", ANSWER), Limits()
    return lambda: parse(raw, limits)


def _names() -> object:
    return _module("proxy.message.response").Names(
        internal=(b"cas02.branch.example", b"cas02.branch.example:443"),
        external=b"mail.example",
        internal_host="cas02.branch.example",
        external_host="mail.example",
    )


def _read_response() -> Call:
    reader, head, names = _module("proxy.message.response").ResponseReader("CAS01"), _response_head(), _names()
    return lambda: reader.read(head, b"GET", names)


def _write_response() -> Call:
    response, head = _module("proxy.message.response"), _response_head()
    facts = response.ResponseReader("CAS01").read(head, b"GET", _names())
    writer, framing = response.ResponseWriter("CAS01"), Framing(BodyKind.LENGTH, 1024)
    return lambda: writer.write(head, facts, framing=framing, close=False, request_id=REQUEST_ID)


def _decode_chunked(size: int) -> Call:
    chunked, body = _module("proxy.message.chunked"), body_bytes(64 * 1024)
    whole = b"".join(chunked.encode_chunk(body[at : at + size]) for at in range(0, len(body), size))
    whole += chunked.LAST_CHUNK
    return lambda: chunked.ChunkedDecoder().feed(whole)


def _route(target: bytes) -> Call:
    def site(name: str, **rules: object) -> Site:
        host = f"{name}.example"
        server = Server(
            site=name,
            url=f"https://{host}",
            host=host,
            port=443,
            connect_host=host,
            connect_port=443,
            tls_name=host,
        )
        return Site(name=name, servers=(server,), **rules)

    sites = (site("branch", hosts=("branch.example",)), site("plant", paths=("/plant",)), site("hq", default=True))
    router = _module("proxy.routing.decide").Router(Topology(first_server="CAS01", sites=sites))
    return lambda: router.decide("mail.example", target)


def _access_line() -> Call:
    entry = _access_entry()
    encoder = _module("proxy.events.access").AccessEncoder()
    return lambda: encoder.encode(entry)


def _count_entry() -> Call:
    entries = [_access_entry()]
    meter = _module("proxy.metrics.meter").Meter()
    return lambda: meter.count(entries)


def _access_entry() -> object:
    access = _module("proxy.events.access")
    way = access.Way(site="hq", server="hq.example", policy="enforce", policy_source="trust")
    return access.AccessEntry(
        time=1_800_000_000.25,
        client=b"192.0.2.7",
        request_id=REQUEST_ID,
        method=b"GET",
        target=b"/owa/?ae=Folder",
        status=200,
        bytes_out=1400,
        bytes_in=900,
        seconds=0.002,
        host=b"mail.example",
        way=way,
        because="default site",
        trust="trusted",
        tls="TLSv1.3",
        answer_seconds=0.0015,
    )


CASES: dict[str, Callable[[], Call]] = {
    "parse request head, 1 field": lambda: _parse_request(ONE_FIELD),
    "parse request head, 15 fields": lambda: _parse_request(BROWSER),
    "read request, 1 field": lambda: _read_request(ONE_FIELD),
    "read request, 15 fields": lambda: _read_request(BROWSER),
    "write request, 1 field": lambda: _write_request(ONE_FIELD),
    "write request, 15 fields": lambda: _write_request(BROWSER),
    "parse response head, 8 fields": _parse_response,
    "read response, 8 fields": _read_response,
    "write response, 8 fields": _write_response,
    "decode 64 KiB in chunks of 16 KiB": lambda: _decode_chunked(16 * 1024),
    "decode 64 KiB in chunks of 256 B": lambda: _decode_chunked(256),
    "route, plain path": lambda: _route(b"/owa/"),
    "route, encoded path": lambda: _route(b"/owa/a%20b/../c"),
    "encode access line": _access_line,
    "count access entry": _count_entry,
}
"""What is timed: name and a function that prepares one call."""


def time_call(call: Call) -> float:
    """Return µs per call, the best of the repeats."""
    timer = timeit.Timer(call)
    number, seconds = timer.autorange()
    number = max(1, round(number * TARGET_SECONDS / seconds))
    return min(timer.repeat(REPEATS, number)) / number * 1e6


def main() -> int:
    """Time every case whose name holds one of the words given, or all."""
    words = sys.argv[1:]
    for name, prepare in CASES.items():
        if words and not any(word in name for word in words):
            continue
        try:
            call = prepare()
            call()
        except (ImportError, AttributeError, TypeError) as fault:  # the room is not there, or has changed its words
            sys.stdout.write(f"{name:36} left out: {fault}\n")
        else:
            sys.stdout.write(f"{name:36} {time_call(call):8.2f} µs\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
