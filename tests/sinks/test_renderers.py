"""Promises of the formats."""

import os
import re

import pytest

from proxy.events.formats import Tally, Voice
from proxy.sinks.renderers import RENDERERS, Letter
from tests.events.test_facts import REFUSAL

VOICE = Voice(first_server="CAS01")
LETTER = Letter(REFUSAL, 1_795_456_831.412, Tally(left_out=3), 17)


@pytest.mark.parametrize("name", RENDERERS)
def test_every_format_tells_the_event(name):
    """As whole lines that hold the number, the server and the time of day."""
    written = RENDERERS[name](LETTER, VOICE).decode()

    assert written.endswith("\n")
    assert all(text in written for text in ("43", "cas02", "18:00:31"))


@pytest.mark.parametrize("name", RENDERERS.keys() - {"text"})
def test_formats_for_machines_are_one_line_with_what_was_left_out(name):
    """One event is one line, and no record is missing without a number."""
    written = RENDERERS[name](LETTER, VOICE).decode()

    assert len(written.splitlines()) == 1
    assert re.search("left_out.*3|,3\r", written)


def test_windows_xml_has_number_and_process():
    """EventRecordID is the number where the event is kept."""
    written = RENDERERS["xml"](LETTER, VOICE).decode()

    assert "<EventRecordID>17</EventRecordID>" in written
    assert f'ProcessID="{os.getpid()}"' in written


def test_people_and_windows_read_the_cause():
    """The words of the reason are in both."""
    for name in ("text", "xml"):
        assert "self-signed" in RENDERERS[name](LETTER, VOICE).decode()
