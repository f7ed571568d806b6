"""Promises of tables of events."""

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.events.catalogue import CATALOGUE
from proxy.events.event_csv import COLUMNS, csv_head, to_csv
from proxy.events.formats import Tally, Voice
from proxy.events.record import Event
from tests.events.test_facts import REFUSAL

AT = 1_795_456_831.412
VOICE = Voice(first_server="CAS01")
ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=60)


def read(*lines):
    """Read a table as a spreadsheet would."""
    text = b"".join(lines).decode()
    return list(csv.DictReader(io.StringIO(csv_head().decode() + text, newline="")))


def test_43_stands_in_its_columns():
    """Everything that is known is in the column of its name."""
    [row] = read(to_csv(REFUSAL, AT, VOICE, Tally(left_out=3)))

    assert tuple(row) == COLUMNS
    assert (row["time"], row["level"], row["id"]) == ("2026-11-23T18:00:31.412Z", "Warning", "43")
    assert (row["provider"], row["category"], row["computer"]) == ("MSExchange OWA", "Proxy", "CAS01")
    assert row["message"].startswith('Client Access server "CAS01" tried to proxy')
    assert (row["site"], row["target"], row["reason"], row["left_out"]) == ("Branch", "cas02", "untrusted_root", "3")


@pytest.mark.parametrize("number", CATALOGUE)
def test_every_event_is_a_row(number):
    """Each entry has all columns."""
    [row] = read(to_csv(Event(id=number, parameters=("a", "b", "c", "d")), AT, VOICE))

    assert (row["id"], None in row) == (str(number), False)


@given(ANY_TEXT, ANY_TEXT)
def test_nothing_hostile_makes_another_cell(server, note):
    """Whatever names a peer invents, an event is one row with the same columns."""
    line = to_csv(replace(REFUSAL, server=server, note=note), AT, VOICE)
    [row] = read(line)

    assert (line.count(b"\n"), line[-2:]) == (1, b"\r\n")
    assert (row["site"], row["proxy_status"], None in row) == ("Branch", "tls_certificate_error", False)


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_nothing_is_computed(start):
    """A name that a spreadsheet would take for a formula is shown as text."""
    [row] = read(to_csv(replace(REFUSAL, server=f"{start}1+1"), AT, VOICE))

    assert row["target"] == f"'{start}1+1"
