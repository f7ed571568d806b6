"""Promises of Windows event XML, held against the rules of the published Event Schema.

The rules are written down here in our own words: which elements a type has, in which order, how often, what is in them.
"""

import re
from dataclasses import replace
from datetime import datetime
from xml.etree import ElementTree as ET  # text of our own making

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.events.catalogue import CATALOGUE
from proxy.events.event_xml import NAMESPACE, OWN_NAMESPACE, TASKS, Mark, to_xml
from proxy.events.formats import Tally, Voice, Words
from proxy.events.record import Event
from tests.events.test_facts import REFUSAL

AT = 1_795_456_831.412
VOICE = Voice(first_server="CAS01")
WORDS = Words(why="It is not trusted.", others=("It is old.",), fix="Trust it.", chain=("leaf", "  └ root"))
ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=60)

# ── the schema ───────────────────────────────────────────────────────────────────────────────────

BYTE, SHORT, INT, LONG = (range(1 << bits) for bits in (8, 16, 32, 64))
SEQUENCES = {
    "Event": (("System", 1), ("EventData", 0), ("RenderingInfo", 0)),
    "System": (
        ("Provider", 1),
        ("EventID", 1),
        ("Version", 0),
        ("Level", 0),
        ("Task", 0),
        ("Opcode", 0),
        ("Keywords", 0),
        ("TimeCreated", 0),
        ("EventRecordID", 0),
        ("Correlation", 0),
        ("Execution", 0),
        ("Channel", 0),
        ("Computer", 1),
        ("Security", 0),
    ),
    "RenderingInfo": (
        ("Message", 0),
        ("Level", 0),
        ("Task", 0),
        ("Opcode", 0),
        ("Channel", 0),
        ("Provider", 0),
        ("Keywords", 0),
    ),
}
"""Element to what may stand in it: in this order, each at most once, those with 1 always. Others follow `##other`."""
NUMBERS = {"EventID": SHORT, "Version": BYTE, "Level": BYTE, "Task": SHORT, "Opcode": BYTE, "EventRecordID": LONG}
"""Elements of System that hold a number, and its range."""
ATTRIBUTES = {
    "Event": (set(), set()),
    "System": (set(), set()),
    "Provider": (set(), {"Name", "Guid", "EventSourceName"}),
    "EventID": (set(), {"Qualifiers"}),
    "TimeCreated": (set(), {"SystemTime", "RawTime"}),
    "Correlation": (set(), {"ActivityID", "RelatedActivityID"}),
    "Execution": ({"ProcessID", "ThreadID"}, {"ProcessorID", "SessionID", "KernelTime", "UserTime", "ProcessorTime"}),
    "Security": (set(), {"UserID"}),
    "EventData": (set(), {"Name"}),
    "RenderingInfo": ({"Culture"}, set()),
}
"""Element to the attributes that must and that may be there; all others have none."""


def local(element):
    """Give an element's name in the schema's namespace; None for one of another."""
    namespace, _, name = element.tag[1:].rpartition("}")
    return name if namespace == NAMESPACE else None


def complaints(root):
    """Hold an event against the schema."""
    if local(root) != "Event":
        yield "the root is no Event"
    for name in SEQUENCES:
        for element in [root] if name == "Event" else root.findall(f"{{{NAMESPACE}}}{name}"):
            yield from complaints_about_order(name, element)
    for element in root.iter():
        if (name := local(element)) is not None:
            needed, allowed = ATTRIBUTES.get(name, (set(), set()))
            if needed - element.attrib.keys() or element.attrib.keys() - needed - allowed:
                yield f"{name} has the attributes {sorted(element.attrib)}"
    yield from complaints_about_values(root.find(f"{{{NAMESPACE}}}System"))
    for element in root.find(f"{{{NAMESPACE}}}EventData"):
        if local(element) not in {"Data", "Binary", "ComplexData"}:
            yield f"{element.tag} stands in EventData"


def complaints_about_order(name, element):
    """Look at the order of an element's children and how often each is there."""
    names = [local(child) for child in element]
    known = [each for each in names if each is not None]
    if names[: len(known)] != known:
        yield f"foreign elements stand before others in {name}"
    order = [each for each, _ in SEQUENCES[name]]
    if [each for each in order if each in known] != known:
        yield f"{name} holds {known}"
    yield from (f"{name} lacks {each}" for each, least in SEQUENCES[name] if least and each not in known)


def complaints_about_values(system):
    """Look at types that are more than text."""
    for name, allowed in NUMBERS.items():
        if int(system.find(f"{{{NAMESPACE}}}{name}").text) not in allowed:
            yield f"{name} is out of range"
    if not re.fullmatch("0[xX][0-9A-Fa-f]{1,16}", system.find(f"{{{NAMESPACE}}}Keywords").text):
        yield "Keywords is no HexInt64Type"
    if len(system.find(f"{{{NAMESPACE}}}TimeCreated").attrib) != 1:
        yield "TimeCreated has two times"
    if any(int(number) not in INT for number in system.find(f"{{{NAMESPACE}}}Execution").attrib.values()):
        yield "Execution is out of range"


def written(event=REFUSAL, words=WORDS, **more):
    """Write and read an event; it holds against the schema."""
    line = to_xml(event, AT, VOICE, words, **more)
    assert (line.count(b"\n"), line[-1:]) == (1, b"\n")
    root = ET.fromstring(line.decode())
    assert list(complaints(root)) == []
    return root


def text_of(root, *path):
    """Give the text at a path of names in the schema's namespace."""
    return root.find("/".join(f"{{{NAMESPACE}}}{name}" for name in path)).text


# ── promises ─────────────────────────────────────────────────────────────────────────────────────


def test_43_reads_as_wevtutil_shows_it():
    """Numbers, names and text are those that tools for Windows' logs look at."""
    root = written(mark=Mark(17, 4711))
    system = root[0]

    assert system[0].attrib == {"Name": "MSExchange OWA"}
    assert (system[1].text, system[1].attrib) == ("43", {"Qualifiers": "32768"})
    assert text_of(root, "System", "Level") == "3"
    assert text_of(root, "System", "EventRecordID") == "17"
    assert text_of(root, "System", "Channel") == "Application"
    assert text_of(root, "System", "Computer") == "CAS01"
    assert system.find(f"{{{NAMESPACE}}}Execution").attrib == {"ProcessID": "4711", "ThreadID": "0"}
    time = system.find(f"{{{NAMESPACE}}}TimeCreated").attrib["SystemTime"]
    assert time == "2026-11-23T18:00:31.4120000Z"
    assert datetime.fromisoformat(time).timestamp() == AT
    assert text_of(root, "RenderingInfo", "Message").startswith('Client Access server "CAS01" tried to proxy')
    assert text_of(root, "RenderingInfo", "Level") == "Warning"
    assert text_of(root, "RenderingInfo", "Task") == "Proxy"


def test_parameters_are_unnamed_and_in_order():
    """Two `Data` without a name, nothing else: what subscriptions written for the original count on."""
    data = written().find(f"{{{NAMESPACE}}}EventData")

    assert [(each.text, each.attrib) for each in data] == [("CAS01", {}), ("cas02", {})]


def test_what_else_is_known_stands_in_a_namespace_of_its_own():
    """Where the schema leaves room; with cause, cure and chain, and how many records this one stands for."""
    own = written(tally=Tally(repeats=7))[-1]
    facts = {each.attrib["Name"]: each.text for each in own.findall(f"{{{OWN_NAMESPACE}}}Fact")}

    assert (facts["site"], facts["reason"], facts["repeats"]) == ("Branch", "untrusted_root", "7")
    assert [each.text for each in own.findall(f"{{{OWN_NAMESPACE}}}Cause")] == ["It is not trusted.", "It is old."]
    assert [each.text for each in own.findall(f"{{{OWN_NAMESPACE}}}Cure")] == ["Trust it."]
    assert [each.text for each in own.findall(f"{{{OWN_NAMESPACE}}}Link")] == ["leaf", "  └ root"]


@pytest.mark.parametrize("number", CATALOGUE)
def test_every_event_holds_against_the_schema(number):
    """Each entry, with as many parameters as it has, and a task of its own number."""
    entry = CATALOGUE[number]
    root = written(Event(id=number, parameters=("a",) * len(entry.parameters)), Words())

    assert text_of(root, "System", "EventID") == str(number)
    assert text_of(root, "System", "Task") == str(TASKS[entry.category])
    assert len(root[1]) == len(entry.parameters)


@given(st.lists(ANY_TEXT, min_size=5, max_size=5))
def test_nothing_hostile_breaks_the_document(texts):
    """Markup, control characters and half characters of a peer's names are text, and no line is broken."""
    first, second, note, why, link = texts
    event = replace(REFUSAL, parameters=(first, second), note=note)
    root = written(event, Words(why=why, chain=(link,)))

    assert len(root[1]) == 2
    assert all((each.text or "").isprintable() for each in root.iter())


def test_the_rules_can_fail():
    """An event in another order, with a name too many, does not hold."""
    text = to_xml(REFUSAL, AT, VOICE, WORDS).decode()
    turned = text.replace("<Version>0</Version>", "").replace("<EventID ", "<Version>0</Version><EventID x='' ")

    assert len(list(complaints(ET.fromstring(turned)))) == 2
