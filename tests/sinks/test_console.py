"""Promises of the console."""

import dataclasses
import json
import os
import re

import pytest
import structlog

from proxy.events.catalogue import CATALOGUE
from proxy.events.formats import Voice
from proxy.events.record import Event
from proxy.sinks.console import Console, Look, choose_look, words_of
from proxy.sinks.stream import Stream
from proxy.trust.drawing import draw
from proxy.trust.reasons import REASONS, Reason
from tests.handmade import HOSTILE, OPEN, UNSEEN, worst

VOICE = Voice(first_server="CAS01")
REFUSAL = Event(id=43, parameters=("CAS01", "cas02"), server="cas02", reason="expired", code=10, code_text="text")
START = Event(id=14, parameters=("CAS01",))


class Paper:
    """A writer that keeps what it is given."""

    def __init__(self):
        self.text = ""
        self.lost = 0
        self.trouble = ""

    def write(self, data, records=1):
        """Keep one record."""
        assert records == 1
        self.text += data.decode()

    def flush(self):
        """Nothing waits."""

    @property
    def records(self):
        """Read JSON lines."""
        return [json.loads(line) for line in self.text.splitlines()]

    @property
    def headlines(self):
        """Pick the lines that begin a block."""
        return [line for line in self.text.splitlines() if not line.startswith(" ")]


@pytest.fixture
def paper():
    """Give a fresh writer."""
    return Paper()


def test_json_has_one_record_per_event(paper):
    """Machines get each refused request."""
    console = Console(paper, VOICE, Look())
    for _ in range(3):
        console.write(REFUSAL, 5.0)

    assert [record["event.code"] for record in paper.records] == ["43"] * 3


def test_json_is_bounded_per_second_and_counts(paper):
    """A flood leaves the number that was left out in the next record."""
    console = Console(paper, VOICE, Look(per_second=2))
    for _ in range(10):
        console.write(REFUSAL, 5.0)
    console.write(REFUSAL, 6.0)

    assert [record.get("casproxy.left_out", 0) for record in paper.records] == [0, 0, 8]


@pytest.mark.parametrize("end", ["tick", "close"])
def test_json_flood_that_ends_is_counted(paper, end):
    """Without a next record, the timer or the end brings the number."""
    console = Console(paper, VOICE, Look(per_second=2))
    for _ in range(10):
        console.write(REFUSAL, 5.0)
    getattr(console, end)(6.0)

    assert [record.get("casproxy.left_out", 0) for record in paper.records] == [0, 0, 7]


@pytest.mark.parametrize("end", ["tick", "close"])
def test_blocks_are_throttled_with_summaries(paper, end):
    """People get the first at once and then one summary with the exact number."""
    console = Console(paper, VOICE, Look(blocks=True))
    for second in range(8):
        console.write(REFUSAL, float(second))
    before = len(paper.headlines)
    getattr(console, end)(900.0)

    assert before == 1
    assert paper.headlines[1:] == ["00:15:00 WARN  MSExchange OWA 43  CAS01 → cas02  expired (10)  7 more within 900 s"]


def test_another_generation_speaks_at_once(paper):
    """A switch turned to 0 again shows its 43 at once."""
    console = Console(paper, VOICE, Look(blocks=True))
    console.write(REFUSAL, 0.0)
    console.write(Event(id=43, server="cas02", reason="expired", generation=1), 1.0)

    assert len(paper.headlines) == 2


@pytest.mark.parametrize(
    ("level", "codes"), [("info", ["14", "43", "1001"]), ("warning", ["43", "1001"]), ("error", ["1001"])]
)
def test_level_filters(paper, level, codes):
    """What is less grave than `log.level` is not written."""
    console = Console(paper, VOICE, Look(level=level))
    for event in (START, REFUSAL, Event(id=1001)):
        console.write(event, 0.0)

    assert [record["event.code"] for record in paper.records] == codes


def test_plain_talk_reaches_both_forms(paper):
    """Start-up talk is a JSON line for machines and a line for people."""
    Console(paper, VOICE, Look()).say("listening", 0.0, address="[::]:8443")
    other = Paper()
    Console(other, VOICE, Look(blocks=True)).say("listening\nforged", 0.0, port=8443)

    assert paper.records == [
        {
            "@timestamp": "1970-01-01T00:00:00.000Z",
            "log.level": "info",
            "message": "listening",
            "event.module": "casproxy",
            "observer.name": "CAS01",
            "casproxy.address": "[::]:8443",
        }
    ]
    assert other.text == "00:00:00 INFO  listening\\x0aforged  port 8443\n"


def test_a_block_has_why_and_fix(paper):
    """A refusal is told with its cause and its cure."""
    Console(paper, VOICE, Look(blocks=True)).write(REFUSAL, 0.0)

    assert f"why   {REASONS[Reason.EXPIRED].sentence}" in paper.text
    assert "fix   Renew the certificate" in paper.text


@pytest.mark.parametrize("number", CATALOGUE)
def test_every_event_is_written_in_both_forms(number):
    """No entry of the catalogue fails on its way out."""
    for look in (Look(), Look(blocks=True, colour=True)):
        paper = Paper()
        Console(paper, VOICE, look).write(Event(id=number, note="note"), 0.0)
        assert str(number) in paper.text


def test_words_without_a_reason_are_the_catalogues():
    """An event that knows no reason still has a cure."""
    assert words_of(Event(id=1004)).fix == CATALOGUE[1004].cure
    assert words_of(Event(id=1004)).why == ""


def test_a_reason_of_ours_wins_over_the_code():
    """A reason that was refined is told in its own words."""
    words = words_of(Event(id=43, reason="missing_intermediate", code=20, code_text="x"))

    assert words.why == REASONS[Reason.MISSING_INTERMEDIATE].sentence


def test_words_of_a_verdict_are_its_own():
    """Names and dates that were found out are told, with every reason and the chain."""
    words = words_of(dataclasses.replace(REFUSAL, verdict=OPEN))

    assert (words.why, words.others) == ("It is missing_intermediate.", ("It is name_mismatch.",))
    assert (words.fix, words.resembles) == ("Mend missing_intermediate.", "HQ")
    assert words.chain == tuple(draw(OPEN))


def test_words_of_a_trusted_backend_draw_its_chain():
    """News of a backend that is trusted has a chain and no cause; the cure is the catalogue's."""
    words = words_of(Event(id=1023, verdict=dataclasses.replace(OPEN, trusted=True, findings=())))

    assert (words.why, words.fix) == ("", CATALOGUE[1023].cure)
    assert words.chain[0].startswith("1  CN=cas02")


def test_a_block_draws_the_chain(paper):
    """A refusal shows the certificates and what speaks against each."""
    Console(paper, VOICE, Look(blocks=True)).write(dataclasses.replace(REFUSAL, verdict=OPEN), 0.0)

    assert "     also  It is name_mismatch.\n     whose The certificate is that of site HQ." in paper.text
    assert "     chain 1  CN=cas02.branch.example" in paper.text
    assert "              ✖ missing_intermediate\n" in paper.text


def test_a_block_without_a_chain_says_so(paper):
    """A chain that could not be fetched is told as such."""
    Console(paper, VOICE, Look(blocks=True)).write(dataclasses.replace(REFUSAL, verdict=UNSEEN), 0.0)

    assert "     chain The certificates of the server could not be fetched." in paper.text


def test_a_hostile_certificate_forges_no_block(paper):
    """Its texts begin no line and bring no escape sequence, and the block is bounded."""
    Console(paper, VOICE, Look(blocks=True, colour=True)).write(
        dataclasses.replace(REFUSAL, verdict=worst(HOSTILE)), 0.0
    )
    text = paper.text.replace("\x1b[1;33m", "", 1).replace("\x1b[0m", "", 1)

    assert paper.text.splitlines() == paper.text.removesuffix("\n").split("\n")
    assert len(paper.headlines) == 1
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u2028\u202e]", text)
    assert len(text.splitlines()) < 320


def test_look_depends_on_the_stream():
    """`auto` is blocks on a terminal and JSON elsewhere; colour never leaves a terminal."""
    leader, follower = os.openpty()
    reader, writer = os.pipe()
    terminal, pipe = Stream(follower), Stream(writer)

    assert choose_look(terminal) == Look(blocks=True, colour=True)
    assert choose_look(terminal, colour=False) == Look(blocks=True)
    assert choose_look(terminal, "json") == Look()
    assert choose_look(pipe) == Look()
    assert choose_look(pipe, "text", level="error", period=1.0) == Look(blocks=True, level="error", period=1.0)
    for descriptor in (leader, follower, reader, writer):
        os.close(descriptor)


def test_a_broken_stream_is_counted_only():
    """Nothing is raised into whoever emitted the event."""
    reader, writer = os.pipe()
    os.close(reader)
    console = Console(Stream(writer), VOICE, Look())
    console.write(REFUSAL, 0.0)
    os.close(writer)

    assert console.lost == 1


def test_structlogs_global_settings_are_left_alone(paper):
    """Two consoles live side by side, and nothing global is configured."""
    Console(paper, VOICE, Look()).write(START, 0.0)

    assert not structlog.is_configured()


def test_the_level_can_be_changed(paper):
    """While it runs, in both directions."""
    console = Console(paper, VOICE, Look(level="error"))
    for level in ("error", "info", "warning"):
        console.set_level(level)
        for event in (START, REFUSAL, Event(id=1001)):
            console.write(event, 0.0)

    assert [record["event.code"] for record in paper.records] == ["1001", "14", "43", "1001", "43", "1001"]


def test_trouble_is_the_streams(paper):
    """What keeps the stream from taking records is told by the sink's name."""
    console = Console(paper, VOICE, Look())
    paper.trouble = "broken pipe"

    assert (console.name, console.trouble) == ("console", "broken pipe")
