"""Writes events that were kept in every format that there is; which events is left to `query`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import msgspec

from proxy.admin.state import KeptEvent
from proxy.events.event_csv import csv_head, to_csv
from proxy.events.event_xml import Mark, to_xml
from proxy.events.formats import Voice, to_json, to_text
from proxy.events.rfc5424 import to_rfc5424
from proxy.sinks.console import words_of


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write events."""

    media: str
    """Its media type."""
    write: Callable[[KeptEvent, Voice], bytes]
    """Writes one event with the end of its line."""
    head: bytes = b""
    """What stands before many."""
    tail: bytes = b""
    """What stands after many."""


def to_entry(kept: KeptEvent, voice: Voice) -> dict[str, object]:
    """Give number and record for JSON."""
    return {"sequence": kept.sequence, "record": msgspec.Raw(to_record(kept, voice))}


def to_record(kept: KeptEvent, voice: Voice) -> bytes:
    """Write the record as it is logged, in one line of JSON without its end."""
    return to_json(kept.event, kept.at, voice).rstrip(b"\n")


def write_many(chosen: Iterable[KeptEvent], voice: Voice, form: Format) -> bytes:
    """Write events one after the other."""
    return b"".join([form.head, *(form.write(kept, voice) for kept in chosen), form.tail])


def _text(kept: KeptEvent, voice: Voice) -> bytes:
    return to_text(kept.event, kept.at, voice, words_of(kept.event))


def _xml(kept: KeptEvent, voice: Voice) -> bytes:
    return _line(to_xml(kept.event, kept.at, voice, words_of(kept.event), mark=Mark(number=kept.sequence)))


def _csv(kept: KeptEvent, voice: Voice) -> bytes:
    return to_csv(kept.event, kept.at, voice)


def _rfc5424(kept: KeptEvent, voice: Voice) -> bytes:
    return _line(to_rfc5424(kept.event, kept.at, voice))


def _line(written: bytes) -> bytes:
    return written.rstrip(b"\n") + b"\n"


FORMATS: Mapping[str, Format] = {
    "text": Format("text/plain", _text),
    "xml": Format("application/xml", _xml, b"<Events>\n", b"</Events>\n"),
    "csv": Format("text/csv", _csv, csv_head()),
    "rfc5424": Format("text/plain", _rfc5424),
}
"""Formats but JSON, which is answered with more than the records."""
