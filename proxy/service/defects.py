"""Turn what the event loop could not give to anybody into an event; answering requests in spite of it is `relay`'s."""

import asyncio
import ssl
from typing import Any

from proxy.events.record import Emit, Event
from proxy.relay.refuse import place_of

DEFECT_EVENT = 1006


def install_exception_handler(loop: asyncio.AbstractEventLoop, emit: Emit, first_server: str) -> None:
    """Handle exceptions of callbacks and lost tasks instead of asyncio's handler, which fails on some of them.

    Broken connections are no defects: what they mean was told to the protocol already.
    """

    def handle(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:  # asyncio's type
        exc = context.get("exception")
        if not _is_broken_connection(exc, on_transport="transport" in context):
            emit(Event(id=DEFECT_EVENT, parameters=(first_server,), note=_describe(str(context.get("message")), exc)))

    loop.set_exception_handler(handle)


def _is_broken_connection(exc: object, *, on_transport: bool) -> bool:
    """Tell a peer's doing from ours; some transports give the class of an exception instead of one."""
    kind = exc if isinstance(exc, type) else type(exc)
    return issubclass(kind, OSError if on_transport else ConnectionError | ssl.SSLError | TimeoutError)


def _describe(message: str, exc: object) -> str:
    """Name the exception and the line it comes from, but not its text, which a peer may have written."""
    if not isinstance(exc, BaseException):
        return f"{message}."
    return f"{message}: {type(exc).__name__}{place_of(exc)}."
