"""Lines of keys in TOML texts."""

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.settings.lines import index_lines

TEXT = """\
# comment with [brackets] and "quotes
top = 1
[server] # = x
listen = ["a",   # first
  'b', "]",
  \"\"\"c
d\"\"\"]
"odd.key" . inner = { x = 1, 'y z' = [ { u = "}" } ] }
date = 2020-01-01 00:00:00

[[sites]]
name = "HQ"
  [sites.trust]
  ca_mode = "only"
  [sites.routes."/owa".limits]
  body_bytes = 1
[[sites]]
text = '''
name = "no key"
'''
[[sites.servers]]
url = "x"
[[sites.servers]]
url = "\\\\"
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("server",), 3),
        (("server", "listen"), 4),
        (("server", "listen", 0), 4),
        (("server", "listen", 1), 5),
        (("server", "listen", 2), 5),
        (("server", "listen", 3), 6),
        (("server", "odd.key", "inner", "x"), 8),
        (("server", "odd.key", "inner", "y z", 0, "u"), 8),
        (("server", "date"), 9),
        (("sites", 0), 11),
        (("sites", 0, "name"), 12),
        (("sites", 0, "trust", "ca_mode"), 14),
        (("sites", 0, "routes", "/owa", "limits"), 15),
        (("sites", 0, "routes", "/owa", "limits", "body_bytes"), 16),
        (("sites", 1), 17),
        (("sites", 1, "text"), 18),
        (("sites", 1, "servers", 0, "url"), 22),
        (("sites", 1, "servers", 1, "url"), 24),
    ],
)
def test_every_way_to_write_a_key_has_its_line(path, line):
    """Headers, repeated tables, dotted and quoted keys, inline tables and lists over several lines are found."""
    assert tomllib.loads(TEXT)
    assert line == index_lines(TEXT)[path]


def test_nothing_is_found_inside_a_text():
    """What looks like a key inside a multi-line string is none."""
    assert ("sites", 1, "name") not in index_lines(TEXT)


NAMES = st.text(alphabet="abcxyz_-. \"'#[]{}=", min_size=1, max_size=6)
VALUES = st.recursive(
    st.integers(0, 9) | st.text(alphabet="ab\"'\\#[]{},= é", max_size=6) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


def spell(value):
    """Write JSON, which TOML shares for these values."""
    return json.dumps(value, ensure_ascii=False)


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=4), max_size=4))
def test_each_key_is_on_the_line_it_was_written_to(document):
    """For any names and values the index agrees with where they were put."""
    lines, expected = [], {}
    for table, keys in document.items():
        lines.append(f"[{spell(table)}]")
        expected[(table,)] = len(lines)
        for key, value in keys.items():
            lines.append(f"{spell(key)} = {spell(value)}")
            expected[(table, key)] = len(lines)
    text = "\n".join(lines)

    found = index_lines(text)
    assert tomllib.loads(text) == document
    assert expected == {path: found.get(path) for path in expected}


@pytest.mark.parametrize("text", ["a=[}", "a=[1,}]", "a=[[}", "a={b=[}", "a={]", "[", "a=", "a=["])
def test_a_bracket_that_fits_nowhere_ends_the_index(text):
    """It is stepped over by nobody, so the walk stops there."""
    assert ("a",) in index_lines(text) or text == "["


@given(st.text(alphabet="[]{}=.,\"'#\n \\ab01"))
def test_any_text_is_survived(text):
    """A text that is no TOML gives an incomplete index, never an error or an endless loop."""
    assert isinstance(index_lines(text), dict)
