"""Events that were kept, in every format that there is."""

import csv
import io
import json
from xml.etree import ElementTree as ET

import pytest

from proxy.admin.records import FORMATS, to_entry, to_record, write_many
from proxy.events.event_xml import NAMESPACE
from proxy.events.formats import Voice
from proxy.events.record import Event
from tests.admin_double import KeptByHand

VOICE = Voice(first_server="CAS01")
HOSTILE = '<script>alert(1)</script>\r\ndata: forged\n\u2028"]\\'


def _kept():
    recent = KeptByHand()
    for site in ("Branch", HOSTILE):
        recent.write(Event(id=43, parameters=("CAS01", f"cas.{site}"), site=site, server=site, reason="self_signed"))
    return recent.query()


def test_a_record_is_one_line_of_json() -> None:
    """Whatever is in it: no stranger's text ends the line of a stream."""
    for kept in _kept():
        line = to_record(kept, VOICE)

        assert not set(line.decode()) & set("\r\n\u2028")
        assert json.loads(line)["winlog.event_id"] == 43


def test_an_entry_has_its_number() -> None:
    """Beside the record."""
    assert [to_entry(kept, VOICE)["sequence"] for kept in _kept()] == [1, 2]


def test_xml_is_one_document() -> None:
    """With one element for each event and its number in it."""
    root = ET.fromstring(write_many(_kept(), VOICE, FORMATS["xml"]))
    numbers = [each.text for each in root.iter(f"{{{NAMESPACE}}}EventRecordID")]

    assert root.tag == "Events"
    assert numbers == ["1", "2"]


def test_csv_has_a_head_and_a_row_for_each() -> None:
    """Every row has as many cells as the head."""
    rows = list(csv.reader(io.StringIO(write_many(_kept(), VOICE, FORMATS["csv"]).decode(), newline="")))

    assert len(rows) == 3
    assert {len(row) for row in rows} == {len(rows[0])}


def test_rfc5424_is_a_line_for_each() -> None:
    """No text of a stranger makes another one."""
    lines = write_many(_kept(), VOICE, FORMATS["rfc5424"]).decode().removesuffix("\n").split("\n")

    assert len(lines) == 2
    assert all(line.startswith("<132>1 2026-") and " 43 [casproxy@32473 " in line for line in lines)


def test_text_has_a_headline_for_each() -> None:
    """And what is told besides is indented under it, without colour."""
    lines = write_many(_kept(), VOICE, FORMATS["text"]).decode().splitlines()

    assert len([line for line in lines if not line.startswith(" ")]) == 2
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_is_nothing(name) -> None:
    """No events are an empty document of the format."""
    form = FORMATS[name]

    assert write_many([], VOICE, form) == form.head + form.tail
