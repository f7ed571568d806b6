"""The long poll by which OWA tells a page what is new; showing it is left to the script `notify.js`."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass

from aiohttp import web

_PADDING = b"<!--" + b" " * 2048 + b"-->\r\n"
"""Old browsers showed nothing of an answer before the first two kilobytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds of a long poll."""

    news_after: float = 4.0
    """From the start to the one piece of news."""
    heartbeat: float = 40.0
    """Between two heartbeats."""
    ends_after: float = 300.0
    """From the start to the end; the page then asks anew."""


def _steps(pace: Pace, site: str) -> Iterator[tuple[float, dict[str, str]]]:
    """Give what is sent, each with the seconds to wait before it."""
    news = {"kind": "newMail", "from": "Reception", "subject": f"A visitor waits for you at {site}"}
    passed = min(pace.news_after, pace.ends_after)
    yield passed, news
    while passed + pace.heartbeat < pace.ends_after:
        passed += pace.heartbeat
        yield pace.heartbeat, {"kind": "heartbeat"}
    yield pace.ends_after - passed, {"kind": "end"}


async def send_notifications(request: web.Request, site: str, pace: Pace, ending: asyncio.Event) -> web.StreamResponse:
    """Send padding at once, one piece of news soon, then heartbeats until the time or the backend ends."""
    response = web.StreamResponse(headers={"X-NoBuffering": "1", "X-NoCompression": "1"})
    response.content_type, response.charset = "text/html", "utf-8"
    response.enable_chunked_encoding()
    await response.prepare(request)
    await response.write(_PADDING)
    for seconds, piece in _steps(pace, site):
        if await _ends_within(ending, seconds):
            break
        await response.write(f'<script type="application/json">{json.dumps(piece)}</script>\r\n'.encode())
    await response.write_eof()
    return response


async def _ends_within(ending: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await ending.wait()
    except TimeoutError:
        return False
    return True
