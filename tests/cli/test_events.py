"""`casproxy events` against the real admin listener: every format, every filter; following has a test of its own."""

import csv
import io
import json
import threading
import xml.etree.ElementTree as ET

import pytest

from proxy.cli import events_follow
from proxy.cli.main import main
from proxy.events.event_csv import csv_head
from proxy.events.record import Event


@pytest.fixture(autouse=True)
def told(admin):
    """Let three things have happened."""
    for site, number in (("HQ", 1010), ("Branch", 43), ("Branch", 43)):
        event = Event(id=number, parameters=("CAS01", "cas02.branch.example"), site=site, reason="self_signed")
        admin.do(lambda event=event: admin.state.emit(event))
    return admin


def test_text_is_what_a_terminal_would_show(capsys):
    """Blocks with headlines, oldest first."""
    assert main(["events"]) == 0
    out, err = capsys.readouterr()
    headlines = [line for line in out.splitlines() if not line.startswith(" ")]
    assert [line.split()[1:4] for line in headlines] == [
        ["INFO", "casproxy", "1010"],
        ["WARN", "MSExchange", "OWA"],
        ["WARN", "MSExchange", "OWA"],
    ]
    assert err == ""


@pytest.mark.parametrize("words", [["--json"], ["--format", "json"]])
def test_json_is_a_record_a_line(words, capsys):
    """As in the log, so that the same programs read it."""
    assert main(["events", *words]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["event.code"] for each in records] == ["1010", "43", "43"]


def test_xml_is_a_document(capsys):
    """Every event in one root."""
    assert main(["events", "--format", "xml"]) == 0
    assert len(ET.fromstring(capsys.readouterr().out)) == 3


def test_csv_is_a_table(capsys):
    """One head, a line for each."""
    assert main(["events", "--format", "csv"]) == 0
    assert len(list(csv.DictReader(io.StringIO(capsys.readouterr().out)))) == 3


def test_rfc5424_is_a_line_each(capsys):
    """As a collector gets them."""
    assert main(["events", "--format", "rfc5424"]) == 0
    assert capsys.readouterr().out.count(" 43 [casproxy@32473 ") == 2


@pytest.mark.parametrize(
    ("words", "number"),
    [
        (["--id", "43"], 2),
        (["--id", "43", "--id", "1010"], 3),
        (["--site", "branch"], 2),
        (["--limit", "1"], 1),
        (["--after", "2"], 1),
        (["--since", "2100-01-01T00:00:00Z"], 0),
        (["--until", "2000-01-01T00:00:00Z"], 0),
    ],
)
def test_filters(words, number, capsys):
    """Each leaves the others out; none is an answer, too."""
    assert main(["events", "--json", *words]) == 0
    assert len(capsys.readouterr().out.splitlines()) == number


def test_without_a_proxy(told, capsys):
    """3 and why."""
    told.stop()

    assert main(["events"]) == 3
    assert "casproxy events: 127.0.0.1:" in capsys.readouterr().err


def test_following_has_no_end(capsys):
    """What asks for both an end and none is usage."""
    assert main(["events", "-f", "--until", "1m"]) == 2
    assert "--until" in capsys.readouterr().err


@pytest.mark.parametrize(("words", "start"), [([], ""), (["--format", "csv"], csv_head().decode())])
def test_following_ends_with_a_sentence_when_it_cannot_go_on(told, words, start, monkeypatch, capsys):
    """The last ones are told, then the token changes: 3, and no traceback. Columns are named once."""
    monkeypatch.setattr(events_follow, "PAUSES", (0.0,))
    told.state.guarded_reads = True

    def change_token() -> None:
        told.until(lambda: told.followers == 1, "nobody follows")
        told.state.token = "another"
        told.cut()

    changing = threading.Thread(target=change_token)
    changing.start()
    code = main(["events", "-f", *words])
    changing.join()

    out, err = capsys.readouterr()
    assert (code, out.count("self_signed")) == (3, 3)
    assert out.startswith(start)
    assert (
        err.splitlines()[-1] == "casproxy events: This takes the admin token. The token that was shown is another one."
    )
