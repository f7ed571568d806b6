"""HTTP/1.1 as tests write and read it: compose requests, and re-read what a backend heard with a parser of its own.

Nothing here is shared with the proxy's parsers, and nothing is forgiven: what is not well formed fails the test.
"""

import asyncio
import re
from typing import NamedTuple

from tests.stage import OK, Heard, Script

_LINE = re.compile(rb"([A-Z-]+) ([\x21-\x7e]+) HTTP/1\.1")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ([\t\x20-\x7e\x80-\xff]*)")


class Seen(NamedTuple):
    """One request as a backend read it."""

    method: bytes
    target: bytes
    fields: list[tuple[bytes, bytes]]
    body: bytes

    def values(self, name: bytes) -> list[bytes]:
        """Give the values of a field in order, whatever the case of its name."""
        return [value for key, value in self.fields if key.lower() == name.lower()]

    @property
    def names(self) -> list[bytes]:
        """Names of the fields as they were spelled, in order."""
        return [name for name, _ in self.fields]


def request(
    *lines: bytes,
    method: bytes = b"GET",
    target: bytes = b"/owa/",
    host: bytes = b"localhost",
    minor: int = 1,
    body: bytes = b"",
) -> bytes:
    """Compose a request; a body gets its Content-Length."""
    framing = [b"Content-Length: %d" % len(body)] if body else []
    start = [method + b" " + target + b" HTTP/1.%d" % minor, b"Host: " + host]
    return b"\r\n".join([*start, *lines, *framing, b"", b""]) + body


class Cut(AssertionError):
    """The bytes end before the request does."""


def requests_in(raw: bytes, *, may_be_cut: bool = False) -> list[Seen]:
    """Read everything a connection brought as whole, well-formed requests; `may_be_cut`: the last may break off."""
    seen = []
    while raw:
        try:
            one, raw = _read(raw)
        except Cut:
            if may_be_cut:
                return seen
            raise
        seen.append(one)
    return seen


def _read(raw: bytes) -> tuple[Seen, bytes]:
    head, blank, rest = raw.partition(b"\r\n\r\n")
    if not blank:
        raise Cut(f"a head without its end: {raw!r}")
    line, *lines = head.split(b"\r\n")
    start = _LINE.fullmatch(line)
    assert start, f"no request line: {line!r}"
    fields = []
    for each in lines:
        match = _FIELD.fullmatch(each)
        assert match, f"no field: {each!r}"
        fields.append((match[1], match[2] or b""))
    seen = Seen(start[1], start[2], fields, b"")
    assert len(seen.values(b"host")) == 1, f"not one Host: {head!r}"
    body, rest = _read_body(seen, rest)
    return seen._replace(body=body), rest


def _read_body(seen: Seen, rest: bytes) -> tuple[bytes, bytes]:
    lengths, codings = seen.values(b"content-length"), seen.values(b"transfer-encoding")
    assert len(lengths) + len(codings) <= 1, f"two framings: {seen!r}"
    if lengths:
        assert re.fullmatch(rb"[0-9]+", lengths[0]), f"no length: {lengths!r}"
        size = int(lengths[0])
        if len(rest) < size:
            raise Cut(f"a body of {len(rest)} bytes, not {size}")
        return rest[:size], rest[size:]
    if not codings:
        return b"", rest
    assert codings == [b"chunked"], f"no coding we write: {codings!r}"
    body = b""
    while True:
        line, end, rest = rest.partition(b"\r\n")
        if not end:
            raise Cut("a chunked body without its end")
        assert re.fullmatch(rb"[0-9a-f]+", line), f"no chunk size: {line!r}"
        size = int(line, 16)
        if len(rest) < size + 2:
            raise Cut("a chunk without its end")
        body, rest, end = body + rest[:size], rest[size + 2 :], rest[size : size + 2]
        assert end == b"\r\n", f"no end of a chunk: {end!r}"
        if not size:
            return body, rest


async def hear(heard: Heard, reader: asyncio.StreamReader) -> bytes:
    """Read one whole request, also a chunked one; gives its head, empty when the proxy closes instead."""
    head = await heard.head(reader)
    lower = head.lower()
    if b"\r\ntransfer-encoding: chunked\r\n" in lower:
        size = -1
        while size:
            size = int(await _line(heard, reader) or b"0", 16)
            await heard.body(reader, size + 2)
    elif length := re.search(rb"\r\ncontent-length: ([0-9]+)\r\n", lower):
        await heard.body(reader, int(length[1]))
    return b"" if heard.closed else head


async def _line(heard: Heard, reader: asyncio.StreamReader) -> bytes:
    try:
        data = await reader.readuntil(b"\r\n")
    except (asyncio.IncompleteReadError, ConnectionError) as end:
        data = getattr(end, "partial", b"")
        heard.closed = True
    heard.raw += data
    return b"" if heard.closed else data


def playing(*answers: bytes, close: bool = False) -> Script:
    """Make a script: each whole request, chunked ones too, gets the next answer, the last one for ever."""

    async def script(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = 0
        while await hear(heard, reader):
            writer.write(answers[min(number, len(answers) - 1)] if answers else OK)
            await writer.drain()
            number += 1
            if close:
                return

    return script
