"""Attachments up and down, never whole in memory; what messages they belong to is left to `mailbox`."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import quote

from aiohttp import BodyPartReader, web

from proxy.lab.mailbox import Attachment

LARGEST = 16 * 1024**3
"""Bytes that a made-up download may have."""
_BLOCK = bytes(range(256)) * 256
"""64 KiB that repeat: any range of a made-up file is known without keeping it."""
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What arrived of one file."""

    name: str
    """The name the browser gave; hostile."""
    size: int
    """Bytes."""
    sha256: str
    """Hexadecimal."""


def made_up(start: int, length: int) -> bytes:
    """Give bytes of the endless made-up file; `length` is at most 64 KiB."""
    offset = start % len(_BLOCK)
    return (_BLOCK + _BLOCK)[offset : offset + length]


def _range_of(request: web.Request, size: int, tag: str) -> tuple[int, int, bool]:
    """Give start, end and whether it is a part; ranges that are not understood mean the whole (RFC 9110 §14.2)."""
    if request.headers.get("If-Range", tag) != tag:
        return 0, size, False
    try:
        wanted = request.http_range
    except ValueError:
        return 0, size, False
    if wanted.start is None and wanted.stop is None:
        return 0, size, False
    start, stop, _ = wanted.indices(size)
    if start >= stop:
        raise web.HTTPRequestRangeNotSatisfiable(headers={"Content-Range": f"bytes */{size}"})
    return start, stop, True


def _disposition(name: str) -> str:
    return f"attachment; filename*=UTF-8''{quote(name)}"


async def send_attachment(request: web.Request, attachment: Attachment) -> web.StreamResponse:
    """Answer with an attachment of a message, or the part of it that was asked for."""
    tag = f'"{hashlib.sha256(attachment.content).hexdigest()[:16]}"'
    headers = {
        "ETag": tag,
        "Accept-Ranges": "bytes",
        "Content-Disposition": _disposition(attachment.name),
        "Cache-Control": "private, max-age=600",
        "Content-Type": attachment.media_type,
    }
    if tag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    size = len(attachment.content)
    start, stop, is_part = _range_of(request, size, tag)
    if is_part:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return web.Response(status=206 if is_part else 200, body=attachment.content[start:stop], headers=headers)


async def send_made_up(request: web.Request) -> web.StreamResponse:
    """Answer with `size` bytes that are made as they are sent; `chunked=1` leaves the length out.

    Raises: 400 when `size` is not a number up to 16 GiB.
    """
    text = request.query["size"]
    size = int(text) if text.isascii() and text.isdigit() and len(text) < len(str(LARGEST)) + 1 else LARGEST + 1
    if size > LARGEST:
        raise web.HTTPBadRequest(text=f"size is a number of bytes up to {LARGEST}.\n")
    tag = f'"made-up-{size}"'
    start, stop, is_part = _range_of(request, size, tag)
    response = web.StreamResponse(status=206 if is_part else 200)
    response.headers["ETag"] = tag
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Content-Disposition"] = _disposition(f"{size}-bytes.bin")
    response.content_type = "application/octet-stream"
    if is_part:
        response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    if request.query.get("chunked") != "1":
        response.content_length = stop - start
    await response.prepare(request)
    if request.method != "HEAD":
        for position in range(start, stop, _PIECE):
            await response.write(made_up(position, min(_PIECE, stop - position)))
    return response


async def receive_files(request: web.Request) -> list[Uploaded]:
    """Read what is uploaded, a form's files or the bare body, and keep nothing but its size and hash."""
    if not request.content_type.startswith("multipart/"):
        return [await _measure("body", request.content.iter_chunked(_PIECE))]
    return [
        await _measure(part.filename, _pieces(part))
        async for part in await request.multipart()
        if isinstance(part, BodyPartReader) and part.filename is not None
    ]


async def _pieces(part: BodyPartReader) -> AsyncIterator[bytes]:
    while piece := await part.read_chunk(_PIECE):
        yield piece


async def _measure(name: str, pieces: AsyncIterator[bytes]) -> Uploaded:
    size, digest = 0, hashlib.sha256()
    async for piece in pieces:
        size += len(piece)
        digest.update(piece)
    return Uploaded(name, size, digest.hexdigest())
