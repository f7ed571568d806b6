"""Writes an event as `wevtutil qe /f:xml /rd:true` would show one of a classic provider; files are left to `sinks`.

The parameters are unnamed `Data`, for their order is what tools know them by. What else is known stands in an element
of a namespace of ours at the end, where the schema leaves room for one, so that no reader of events stumbles over it.
Source: Event Schema, EventType, SystemPropertiesType, RenderingInfoType.
"""

from collections.abc import Iterable
from html import escape
from typing import NamedTuple

from proxy.events.catalogue import CATALOGUE, message
from proxy.events.entry import Entry, Level
from proxy.events.facts import facts_of
from proxy.events.formats import ONCE, Tally, Voice, Words, provider_of, time_text
from proxy.events.record import Event
from proxy.model.clean import clean_text

NAMESPACE = "http://schemas.microsoft.com/win/2004/08/events/event"
"""Namespace of the schema."""

OWN_NAMESPACE = "urn:casproxy:event"
"""Namespace of our own facts."""

LEVELS = {Level.ERROR: 2, Level.WARNING: 3, Level.INFORMATION: 4}
"""Numbers of the levels; Source: winmeta.xml."""

TASKS = {"General": 1, "Proxy": 6, "Service": 100, "Trust": 101, "Directory": 102, "Sign-in": 103}
"""Numbers of the task categories: Exchange's own for its proxying, from 100 on ours."""

CLASSIC = "0x80000000000000"
"""The keyword that Windows gives to events of classic providers."""

_QUALIFIERS = {Level.ERROR: 49152, Level.WARNING: 32768, Level.INFORMATION: 16384}
"""Upper half of a classic event's number: its severity."""


class Mark(NamedTuple):
    """What the place where an event is kept knows of it."""

    number: int = 0
    """EventRecordID."""
    process: int = 0
    """Our process number."""


UNMARKED = Mark()
"""An event that is kept nowhere."""


def to_xml(event: Event, at: float, voice: Voice, words: Words, *, mark: Mark = UNMARKED, tally: Tally = ONCE) -> bytes:
    """Write the event as one line that holds one `Event` element and no XML declaration."""
    entry = CATALOGUE[event.id]
    provider = provider_of(entry, voice)
    return (
        f'<Event xmlns="{NAMESPACE}">'
        f"<System>{''.join(_system(entry, provider, at, voice, mark))}</System>"
        f"<EventData>{_many('Data', event.parameters)}</EventData>"
        f'<RenderingInfo Culture="en-US">{_rendered(event, entry, provider)}</RenderingInfo>'
        f'<Casproxy xmlns="{OWN_NAMESPACE}">{_own(event, words, tally)}</Casproxy>'
        "</Event>\n"
    ).encode()


def _system(entry: Entry, provider: str, at: float, voice: Voice, mark: Mark) -> Iterable[str]:
    yield f'<Provider Name="{_text(provider)}"/>'
    yield f'<EventID Qualifiers="{_QUALIFIERS[entry.level]}">{entry.id}</EventID>'
    yield "<Version>0</Version>"
    yield f"<Level>{LEVELS[entry.level]}</Level>"
    yield f"<Task>{TASKS.get(entry.category, 0)}</Task>"
    yield "<Opcode>0</Opcode>"
    yield f"<Keywords>{CLASSIC}</Keywords>"
    yield f'<TimeCreated SystemTime="{time_text(at)[:-1]}0000Z"/>'  # seven digits, as Windows writes
    yield f"<EventRecordID>{mark.number}</EventRecordID>"
    yield "<Correlation/>"
    yield f'<Execution ProcessID="{mark.process}" ThreadID="0"/>'
    yield "<Channel>Application</Channel>"
    yield f"<Computer>{_text(voice.first_server)}</Computer>"
    yield "<Security/>"


def _rendered(event: Event, entry: Entry, provider: str) -> str:
    return (
        f"<Message>{_text(message(event))}</Message>"
        f"<Level>{entry.level.value}</Level>"
        f"<Task>{_text(entry.category)}</Task>"
        "<Opcode>Info</Opcode>"
        "<Channel>Application</Channel>"
        f"<Provider>{_text(provider)}</Provider>"
        "<Keywords><Keyword>Classic</Keyword></Keywords>"
    )


def _own(event: Event, words: Words, tally: Tally) -> str:
    facts = [f'<Fact Name="{name}">{_text(value)}</Fact>' for name, value in facts_of(event, tally).items()]
    causes = [text for text in (words.why, *words.others) if text]
    return "".join(
        (
            *facts,
            _many("Cause", causes),
            _many("Cure", (words.fix,) if words.fix else ()),
            _many("Link", words.chain),
        )
    )


def _many(name: str, texts: Iterable[str]) -> str:
    return "".join(f"<{name}>{_text(text)}</{name}>" for text in texts)


def _text(text: str) -> str:
    """Clean and escape: what cleaning leaves is printable, and so allowed by XML 1.0."""
    return escape(clean_text(text))
