"""Promises of syslog messages, held against the grammar of RFC 5424 §6."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.events.catalogue import CATALOGUE
from proxy.events.formats import Tally, Voice
from proxy.events.record import Event
from proxy.events.rfc5424 import FACILITIES, Sender, to_rfc5424
from tests.events.test_facts import REFUSAL
from tests.handmade import HOSTILE

AT = 1_795_456_831.412
VOICE = Voice(first_server="CAS01")
ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=400)
MESSAGE = re.compile(
    rb"<(?P<pri>[0-9]{1,3})>1 "
    rb"(?P<time>[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z) "
    rb"(?P<host>[!-~]{1,255}) (?P<app>[!-~]{1,48}) (?P<process>[!-~]{1,128}) (?P<id>[!-~]{1,32}) "
    rb"\[(?P<element>[!-<>-Z^-~]{1,32})(?P<facts>(?: [!-<>-Z^-~]{1,32}=\"(?:[^\"\\\]]|\\[\"\\\]])*\")*)\]"
    rb" \xef\xbb\xbf(?P<text>.*)",
    re.DOTALL,
)
"""SYSLOG-MSG with one SD-ELEMENT and MSG-UTF8."""
FACT = re.compile(r' ([^ =]+)="((?:[^"\\\]]|\\["\\\]])*)"')


def taken_apart(message):
    """Give the parts of a message and its facts, without their escapes; fails where it is none."""
    parts = MESSAGE.fullmatch(message)
    assert parts is not None, message
    facts = {name: re.sub(r'\\(["\\\]])', r"\1", value) for name, value in FACT.findall(parts["facts"].decode())}
    return parts, facts


def test_43_reads_as_agreed():
    """Number in MSGID, who in the header, what else is known in the structured data, the fixed text behind the mark."""
    parts, facts = taken_apart(to_rfc5424(REFUSAL, AT, VOICE, sender=Sender(FACILITIES["daemon"], 4711)))

    assert (parts["pri"], parts["host"], parts["app"]) == (b"28", b"CAS01", b"casproxy")
    assert (parts["time"], parts["process"], parts["id"]) == (b"2026-11-23T18:00:31.412Z", b"4711", b"43")
    assert parts["element"] == b"casproxy@32473"
    assert parts["text"].startswith(b'Client Access server "CAS01" tried to proxy')
    assert (facts["site"], facts["target"], facts["reason"]) == ("Branch", "cas02", "untrusted_root")
    assert facts["provider"] == "MSExchange OWA"


@pytest.mark.parametrize("number", CATALOGUE)
def test_every_event_is_a_message(number):
    """Each entry fits the grammar, with a severity from error to information."""
    parts, _ = taken_apart(to_rfc5424(Event(id=number, parameters=("a", "b", "c", "d")), AT, VOICE))

    assert parts["id"] == str(number).encode()
    assert int(parts["pri"]) in {16 * 8 + severity for severity in (3, 4, 6)}


def test_what_is_left_out_is_told():
    """A record that was preceded by others says how many."""
    assert taken_apart(to_rfc5424(REFUSAL, AT, VOICE, Tally(left_out=3)))[1]["left_out"] == "3"


def test_unknown_process_is_nil():
    """A process number nobody knows is the hyphen of §6.2.6."""
    assert taken_apart(to_rfc5424(REFUSAL, AT, VOICE))[0]["process"] == b"-"


def test_special_characters_are_escaped():
    """Quote, backslash and bracket come back as they were (§6.3.3)."""
    message = to_rfc5424(replace(REFUSAL, site='a"b]c'), AT, VOICE)

    assert rb'site="a\"b\]c"' in message
    assert taken_apart(message)[1]["site"] == 'a"b]c'


@given(st.lists(ANY_TEXT, min_size=8, max_size=8), st.sampled_from([480, 2048, 8192]))
def test_nothing_hostile_breaks_the_grammar(texts, limit):
    """Whatever names a peer invents: one message, no control characters, valid UTF-8, never too long."""
    first, second, site, server, address, text, note, us = texts
    event = replace(
        REFUSAL, parameters=(first, second), site=site, server=server, address=address, code_text=text, note=note
    )
    message = to_rfc5424(event, AT, Voice(first_server=us), sender=Sender(limit=limit))

    assert len(message) <= limit
    assert not re.search(rb"[\x00-\x1f\x7f]", message)
    assert message.decode()
    taken_apart(message)


def test_a_long_message_loses_its_end():
    """The text is cut between characters, and an ellipsis says so; the header stays whole."""
    message = to_rfc5424(replace(REFUSAL, parameters=("ü" * 900, HOSTILE)), AT, VOICE, sender=Sender(limit=1024))

    assert 1020 <= len(message) <= 1024
    assert message.endswith("…".encode())


def test_facilities_have_their_numbers():
    """Names as in every syslog daemon; the codes of §6.2.1."""
    assert (FACILITIES["user"], FACILITIES["authpriv"], FACILITIES["local7"]) == (1, 10, 23)
