"""Promises of finding lines in a users file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.directory.lines import locate

TEXT = '''\
# [[users]]
config_version = 1

[[users]]  # the first
name = "LAB\\\\alice"
display = """
[[users]]
name = "no"
"""
addresses = [
    "name = x",  # name = "no"
]
"sid" = '#'

# about bob
[[ users ]]
  name = "[[users]]"
'''


def test_tables_and_keys_are_found():
    """Comments and strings of several lines hide nothing and make up nothing."""
    lines = locate(TEXT)

    assert lines.top == {"config_version": 2}
    assert [(block.start, block.end) for block in lines.users] == [(4, 14), (16, 18)]
    assert lines.users[0].keys == {"name": 5, "display": 6, "addresses": 10, "sid": 13}
    assert lines.users[1].keys == {"name": 17}


@pytest.mark.parametrize(
    ("number", "key", "line"),
    [(0, "name", 5), (0, "absent", 4), (1, "", 16), (2, "name", 0)],
    ids=["key", "user", "", "none"],
)
def test_the_nearest_known_line_is_given(number, key, line):
    """The key's, else the user's, else none."""
    assert locate(TEXT).of(number, key) == line


def test_users_written_inline_share_the_line_of_their_list():
    """What has no header of its own is where the list is."""
    assert locate("config_version = 1\nusers = [{name = 'x'}]\n").of(0, "name") == 2


@given(st.text(st.sampled_from("'\"\\#[]users=\n ")))
def test_no_text_is_an_error(text):
    """Whatever comes in, lines come out, inside the text."""
    lines = locate(text)

    assert all(0 < block.start < block.end <= text.count("\n") + 2 for block in lines.users)
