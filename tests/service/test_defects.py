"""What the event loop could not give to anybody becomes an event; broken connections do not."""

import asyncio
import ssl

import pytest

from proxy.events.record import Event
from proxy.service.defects import install_exception_handler


def told(context: dict) -> list[Event]:
    """Hand a context to the handler; gives the events."""
    events: list[Event] = []
    loop = asyncio.new_event_loop()
    install_exception_handler(loop, events.append, "CAS01")
    loop.call_exception_handler(context)
    loop.close()
    return events


@pytest.mark.parametrize(
    "context",
    [
        {"message": "x", "exception": ConnectionResetError(), "transport": object()},
        {"message": "x", "exception": ConnectionResetError, "transport": object()},
        {"message": "x", "exception": ssl.SSLError(1, "bad record mac")},
        {"message": "x", "exception": TimeoutError()},
        {"message": "x", "exception": OSError(113, "No route to host"), "transport": object()},
    ],
)
def test_broken_connections_are_no_defects(context):
    """Peers that vanish, also where a transport gives the class of an exception, write nothing."""
    assert told(context) == []


def test_defect_is_told_with_its_place_and_without_its_text():
    """An exception of ours is told with its type and line; its text may hold what a peer sent."""

    def fail() -> None:
        raise ValueError("text of the peer\r\nforged line")

    with pytest.raises(ValueError, match="text") as caught:
        fail()

    (event,) = told({"message": "Exception in callback", "exception": caught.value})
    assert (event.id, event.parameters) == (1006, ("CAS01",))
    assert event.note.startswith("Exception in callback: ValueError in test_defects.py, line ")
    assert "peer" not in event.note


def test_context_without_exception_is_told():
    """A message alone is an event too, and so is a missing file."""
    assert [event.note for event in told({"message": "Task was destroyed"})] == ["Task was destroyed."]
    assert len(told({"message": "x", "exception": FileNotFoundError()})) == 1
