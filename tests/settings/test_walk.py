"""Tables of a document become structs, whatever stands in the document."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.settings.keys import keys_of
from proxy.settings.overlay import Overlaid
from proxy.settings.problems import Layer, Origin
from proxy.settings.report import Report
from proxy.settings.schema import Settings
from proxy.settings.walk import Walk

LEAF = st.one_of(st.text(max_size=4), st.integers(), st.floats(), st.booleans(), st.dates(), st.times())
NAMES = st.sampled_from([key.name for key in keys_of(Settings)]) | st.sampled_from(
    ["name", "url", "certificate", "certificates", "trust", "routes", "listen", "ca_files", "x"]
)
DOCUMENTS = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)


def walk(document, overlays=()):
    """Walk a document and give the settings and the problems' lines."""
    report = Report(file_name="a.toml")
    return Walk(report, overlays).table(Settings, (), document), [str(each) for each in report.problems]


@given(st.dictionaries(NAMES, DOCUMENTS, max_size=5))
def test_any_document_gives_settings_with_placeholders_or_values(document):
    """Whatever is wrong, the walk goes on to the end and the result is whole."""
    settings, problems = walk(document)

    assert isinstance(settings, Settings)
    assert all(len(each.splitlines()) == 1 for each in problems)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"server": 1}, "server: This is a whole number, but the key takes a table."),
        ({"sites": {"name": "HQ"}}, "sites: This is a table, but the key takes a list of tables. Write [[sites]]."),
        ({"sites": ["HQ"]}, "sites[0]: This is a string, but a table belongs here."),
        ({"sites": [{"name": "HQ", "servers": "https://a"}]}, 'but the key takes a list. Write ["https://a"].'),
        ({"sites": [{"name": "HQ", "servers": [1]}]}, "This is a whole number, but a string or a table belongs here."),
        ({"sites": [{"name": "HQ", "limits": {"head_bytes": 1}}]}, "write it under [limits]."),
        ({"server": {"ca_files": []}}, "Did you mean trust.ca_files?"),
        ({"server": {"zzz": []}}, "This table takes: name, listen,"),
    ],
)
def test_wrong_shapes_are_explained(document, words):
    """A table where a list belongs, a key in the wrong table: each has its sentence."""
    _, problems = walk({"server": {"certificate": "a"}} | document)

    assert any(words in each for each in problems), problems


def test_a_stronger_layer_replaces_a_list_of_servers():
    """Servers from a variable stand in place of the file's, all of them."""
    path = ("sites", 0, "servers")
    overlay = {path: Overlaid("https://b, https://c", Origin(Layer.ENVIRONMENT, "X"))}
    document = {"server": {"certificate": "a"}, "sites": [{"name": "HQ", "servers": ["https://a"]}]}
    settings, problems = walk(document, [overlay])

    assert not problems
    assert [each.url for each in settings.sites[0].servers] == ["https://b", "https://c"]


def test_flags_may_give_tables_of_servers():
    """Commands set servers with where to dial them."""
    path = ("sites", 0, "servers")
    servers = [{"url": "https://a", "connect_to": "127.0.0.1:1"}]
    document = {"server": {"certificate": "a"}, "sites": [{"name": "HQ"}]}
    settings, problems = walk(document, [{path: Overlaid(servers, Origin(Layer.FLAG, "--x"))}])

    assert (len(problems), settings.sites[0].servers[0].connect_to) == (0, "127.0.0.1:1")
