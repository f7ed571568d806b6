"""Promises of written events."""

import dataclasses
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.events.catalogue import CATALOGUE
from proxy.events.formats import Tally, Voice, Words, time_text, to_json, to_text
from proxy.events.record import Event
from tests.handmade import CLOSED, HOSTILE, OPEN, worst

AT = 1_795_456_831.412
VOICE = Voice(first_server="CAS01")
REFUSAL = Event(
    id=43,
    parameters=("CAS01", "cas02.branch.example"),
    site="Branch",
    server="cas02.branch.example",
    address="127.0.0.12",
    port=443,
    reason="untrusted_root",
    code=19,
    code_text="self-signed certificate in certificate chain",
    policy="enforce",
    policy_source="sites.Branch.trust",
    request_id="abc",
    proxy_status="tls_certificate_error",
)
WORDS = Words(why="It is not trusted.", fix="Trust it.")
ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=60)


def test_time_is_utc_with_milliseconds():
    """Every sink writes the same form of time."""
    assert time_text(AT) == "2026-11-23T18:00:31.412Z"
    assert time_text(0) == "1970-01-01T00:00:00.000Z"


def test_json_line_of_43_has_the_agreed_fields():
    """Names and values are those that collectors are set up for."""
    record = json.loads(to_json(REFUSAL, AT, VOICE))

    assert record.pop("message").startswith('Client Access server "CAS01" tried to proxy')
    assert record == {
        "@timestamp": "2026-11-23T18:00:31.412Z",
        "log.level": "warning",
        "event.code": "43",
        "event.provider": "MSExchange OWA",
        "event.module": "casproxy",
        "event.action": "ProxyErrorSslTrustFailure",
        "event.kind": "event",
        "event.category": ["network"],
        "event.type": ["connection", "denied"],
        "event.outcome": "failure",
        "event.reason": "untrusted_root",
        "winlog.event_id": 43,
        "winlog.provider_name": "MSExchange OWA",
        "winlog.channel": "Application",
        "winlog.task": "Proxy",
        "winlog.computer_name": "CAS01",
        "winlog.event_data.param1": "CAS01",
        "winlog.event_data.param2": "cas02.branch.example",
        "observer.name": "CAS01",
        "destination.domain": "cas02.branch.example",
        "destination.ip": "127.0.0.12",
        "destination.port": 443,
        "error.code": "19",
        "error.message": "self-signed certificate in certificate chain",
        "error.type": "untrusted_root",
        "casproxy.proxy_status": "tls_certificate_error",
        "casproxy.site": "Branch",
        "casproxy.policy": "enforce",
        "casproxy.policy_source": "sites.Branch.trust",
        "casproxy.policy_generation": 0,
        "casproxy.repeat_count": 1,
        "http.request.id": "abc",
    }


def test_unknown_is_left_out():
    """A field nobody knows is absent, not empty."""
    record = json.loads(to_json(Event(id=1013, parameters=("CAS01",)), AT, VOICE))

    assert "" not in record.values()
    assert not {"error.code", "destination.port", "casproxy.left_out", "casproxy.policy_generation"} & set(record)


def test_provider_is_configurable_for_exchanges_numbers_only():
    """`events.provider` renames 43's source, never that of our own events."""
    voice = Voice(first_server="CAS01", provider="Lab OWA")

    assert json.loads(to_json(REFUSAL, AT, voice))["event.provider"] == "Lab OWA"
    assert json.loads(to_json(Event(id=1043), AT, voice))["event.provider"] == "casproxy"


def test_records_left_out_are_counted_in_the_next():
    """The number stands in the record itself."""
    assert json.loads(to_json(REFUSAL, AT, VOICE, Tally(left_out=17)))["casproxy.left_out"] == 17


def test_a_name_that_is_dialled_is_no_ip():
    """`destination.ip` holds addresses only."""
    record = json.loads(to_json(Event(id=1001, address="cas02.lan", port=443), AT, VOICE))

    assert (record["destination.address"], "destination.ip" in record) == ("cas02.lan", False)


@pytest.mark.parametrize("number", CATALOGUE)
def test_every_event_can_be_written(number):
    """Each entry renders in both forms."""
    event = Event(id=number, parameters=("a", "b", "c", "d"))

    assert json.loads(to_json(event, AT, VOICE))["event.code"] == str(number)
    assert f" {number}" in to_text(event, AT, VOICE, Words()).decode()


@given(st.lists(ANY_TEXT, min_size=9, max_size=9))
def test_nothing_hostile_makes_a_second_json_line(texts):
    """Whatever names a peer invents, one event is one line, and no control byte leaves."""
    first, second, site, server, address, text, request_id, note, us = texts
    event = Event(
        id=43,
        parameters=(first, second),
        site=site,
        server=server,
        address=address,
        code_text=text,
        request_id=request_id,
        note=note,
    )
    line = to_json(event, AT, Voice(first_server=us))

    assert line.endswith(b"}\n")
    assert len(line.decode().splitlines()) == 1
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", line)
    assert all(text.isprintable() for text in json.loads(line).values() if isinstance(text, str))


@given(st.lists(ANY_TEXT, min_size=7, max_size=7), st.booleans())
def test_nothing_hostile_forges_a_block(texts, colour):
    """Only the headline begins at the first column, and the only escape sequences are our own two."""
    server, text, note, why, fix, site, request_id = texts
    event = Event(
        id=43,
        parameters=("CAS01", server),
        server=server,
        code=1,
        code_text=text,
        note=note,
        site=site,
        request_id=request_id,
    )
    words = Words(why=why, fix=fix, others=(why, fix), resembles=site, chain=(text, note))
    block = to_text(event, AT, VOICE, words, colour=colour).decode()
    lines = block.splitlines()

    assert lines == block.removesuffix("\n").split("\n")
    assert lines[0].startswith("18:00:31 ")
    assert all(line.startswith("     ") for line in lines[1:])
    assert block.replace("\x1b[1;33m", "", 1).replace("\x1b[0m", "", 1).count("\x1b") == 0


def test_block_tells_what_why_and_fix():
    """A person at a terminal sees what happened, why, and what to do."""
    block = to_text(REFUSAL, AT, VOICE, WORDS).decode()

    assert block.startswith(
        "18:00:31 WARN  MSExchange OWA 43  CAS01 → cas02.branch.example  untrusted_root (19)\n     what  Client"
    )
    assert (
        "\n     why   It is not trusted.\n     fix   Trust it.\n     facts site Branch · switch 0 from sites" in block
    )
    assert "dialled 127.0.0.12:443" in block
    assert "\x1b" not in block


def test_block_is_coloured_when_asked():
    """Colour marks the level."""
    assert b"\x1b[1;33mWARN" in to_text(REFUSAL, AT, VOICE, WORDS, colour=True)


def test_summary_says_how_often():
    """A summary has the exact number in its headline, and is short."""
    summary = to_text(REFUSAL, AT, VOICE, WORDS, Tally(repeats=41, seconds=900)).decode()

    assert summary.splitlines()[0].endswith("  41 more within 900 s")
    assert "what" not in summary


def test_block_tells_every_reason_and_draws_the_chain():
    """Further causes, whose certificate it is, and the chain stand under the cause; the drawing keeps its shape."""
    words = Words(why="A.", others=("B.", "C."), resembles="HQ", fix="D.", chain=("1  CN=x", "   │ issued by"))
    block = to_text(REFUSAL, AT, VOICE, words).decode()

    assert (
        "\n     why   A.\n     also  B.\n     also  C.\n     whose The certificate is that of site HQ.\n     fix   D."
        "\n     chain 1  CN=x\n              │ issued by\n     facts"
    ) in block


def test_block_counts_reasons_beyond_a_dozen():
    """A block stays readable."""
    block = to_text(REFUSAL, AT, VOICE, Words(why="A.", others=("B.",) * 20)).decode()

    assert block.count("     also  B.") == 12
    assert "     also  8 more reasons." in block


def test_json_of_a_verdict_stands_beside_the_agreed_fields():
    """The verdict adds fields and changes none; the text of 43 stays the document's."""
    bare, told = (json.loads(to_json(dataclasses.replace(REFUSAL, verdict=each), AT, VOICE)) for each in (None, OPEN))

    assert told.items() >= bare.items()
    assert told["casproxy.reasons"] == ["missing_intermediate", "name_mismatch"]
    assert told["casproxy.resembles"] == "HQ"


@pytest.mark.parametrize("verdict", [OPEN, CLOSED, worst(), worst("\U000e0001"), worst('"\\'), worst("\U0001f600")])
@pytest.mark.parametrize("number", [43, 1043, 1020])
def test_a_record_stays_under_16_kib(verdict, number):
    """Collectors cut longer lines, so two thousand names of 60 KB must not make one."""
    line = to_json(dataclasses.replace(REFUSAL, id=number, verdict=verdict), AT, VOICE)

    assert len(line) < 16 * 1024
    assert json.loads(line)["event.code"] == str(number)


def test_a_hostile_certificate_forges_no_record():
    """Line breaks, escapes and turns of direction in a certificate leave as visible text."""
    line = to_json(dataclasses.replace(REFUSAL, verdict=worst(HOSTILE)), AT, VOICE)

    assert len(line.decode().splitlines()) == 1
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", line)
    assert "\u202e" not in line.decode()
    assert json.loads(line)["tls.server.subject"].startswith("a\\x0d\\x0a00:00:00 ERROR forged\\x1b[31m\\u2028\\u202e<")
