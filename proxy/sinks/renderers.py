"""The formats in which one event can be written, as a table; files, syslog and the admin API choose from it."""

import os
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from proxy.events.event_csv import to_csv
from proxy.events.event_xml import Mark, to_xml
from proxy.events.formats import ONCE, Tally, Voice, to_json, to_text
from proxy.events.record import Event
from proxy.events.rfc5424 import Sender, to_rfc5424
from proxy.sinks.console import words_of


class Letter(NamedTuple):
    """An event on its way."""

    event: Event
    """What happened."""
    at: float
    """When, in seconds since 1970."""
    tally: Tally = ONCE
    """How often besides."""
    number: int = 0
    """Its number where it is kept."""


Render = Callable[[Letter, Voice], bytes]
"""Writes a letter as whole lines."""


def _json(letter: Letter, voice: Voice) -> bytes:
    return to_json(letter.event, letter.at, voice, letter.tally)


def _text(letter: Letter, voice: Voice) -> bytes:
    return to_text(letter.event, letter.at, voice, words_of(letter.event), letter.tally)


def _xml(letter: Letter, voice: Voice) -> bytes:
    mark = Mark(letter.number, os.getpid())
    return to_xml(letter.event, letter.at, voice, words_of(letter.event), mark=mark, tally=letter.tally)


def _csv(letter: Letter, voice: Voice) -> bytes:
    return to_csv(letter.event, letter.at, voice, letter.tally)


def _rfc5424(letter: Letter, voice: Voice) -> bytes:
    return to_rfc5424(letter.event, letter.at, voice, letter.tally, Sender(process=os.getpid())) + b"\n"


RENDERERS: Mapping[str, Render] = MappingProxyType(
    {"json": _json, "text": _text, "xml": _xml, "csv": _csv, "rfc5424": _rfc5424}
)
"""Every format by its name."""
