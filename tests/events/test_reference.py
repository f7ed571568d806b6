"""The reference of all events is whole, and the committed one is this."""

import re
from pathlib import Path

import pytest

from proxy.events.catalogue import CATALOGUE
from proxy.events.reference import FIRST, render_events

TEXT = render_events()


def test_committed_file_is_the_rendered_one():
    """Who changes the catalogue renders again: `casproxy explain event --all`."""
    assert Path("docs/events.md").read_text("utf-8") == TEXT


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=lambda entry: entry.symbol)
def test_every_event_is_whole(entry):
    """Number, symbol, level, category, text, parameters, when and cure; one section and one row each."""
    (section,) = re.findall(rf'^##+ <a id="{entry.id}"></a>.*?(?=^##|\Z)', TEXT, re.MULTILINE | re.DOTALL)

    assert f"{entry.id} {entry.symbol}" in section
    assert f"{entry.level.value}, provider " in section
    assert f"category {entry.category}." in section
    assert f"> {entry.text}" in section
    assert all(f"- `%{place}`: {each}" in section for place, each in enumerate(entry.parameters, start=1))
    assert f"- When: {entry.when}" in section
    assert f"- What to do: {entry.cure or 'Nothing'}" in section
    assert TEXT.count(f"| [{entry.id}](#{entry.id}) |") == 1


def test_43_comes_first():
    """Before the table and all other events, and with more words than they have."""
    anchors = re.findall(r'<a id="(\d+)">', TEXT)

    assert FIRST == 43
    assert anchors[0] == "43"
    assert TEXT.index('<a id="43">') < TEXT.index("allow_internal_untrusted_certs` is 0. When it is 1")
    assert len(set(anchors)) == len(anchors) == len(CATALOGUE)


def test_links_lead_somewhere():
    """Every number that is linked has its section."""
    assert set(re.findall(r"\]\(#(\d+)\)", TEXT)) == {str(number) for number in CATALOGUE}
