"""What `casproxy events` is asked becomes a query that the admin API takes."""

import argparse
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict

from proxy.admin.query import read_query
from proxy.cli.events_query import CHOICES, Wish, add_query, read_time, read_wish

NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


def wish(*words: str) -> Wish:
    """Read these arguments."""
    parser = argparse.ArgumentParser()
    add_query(parser)
    return read_wish(parser.parse_args(words))


def test_without_a_word_it_is_text():
    """All, as the proxy limits them."""
    assert wish() == Wish(format="text", filters={}, bounds={})


def test_every_word():
    """Numbers once each, all that holds for the stream apart from the rest."""
    found = wish("--id", "43", "--id", "39", "--id", "43", "--site", "Branch", "--after", "0", "-l", "5", "--json")

    assert found == Wish(format="json", filters={"id": "43,39", "site": "Branch"}, bounds={"after": 0, "limit": 5})


@pytest.mark.parametrize("word", CHOICES)
def test_every_format(word):
    """Each that the proxy can write."""
    assert wish("--format", word).format == word


@pytest.mark.parametrize(
    "words",
    [
        ["--id", "0"],
        ["--id", "65536"],
        ["--id", "43,44"],
        ["--after", "-1"],
        ["--limit", "0"],
        ["--limit", "1001"],
        ["--limit", "²"],
        ["--since", "soon"],
        ["--since", "5x"],
        ["--since", "999999999d"],
        ["--format", "yaml"],
    ],
)
def test_what_means_nothing_is_usage(words, capsys):
    """2, with what was wrong."""
    with pytest.raises(SystemExit) as caught:
        wish(*words)
    assert caught.value.code == 2
    assert f"argument {words[0]}" in capsys.readouterr().err.replace("-l/--limit", "--limit")


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("30s", "2026-11-23T17:59:30Z"),
        ("10m", "2026-11-23T17:50:00Z"),
        ("2h", "2026-11-23T16:00:00Z"),
        ("1d", "2026-11-22T18:00:00Z"),
        ("2026-11-23T18:00:00Z", "2026-11-23T18:00:00Z"),
        ("2026-11-23T18:00:00.5+02:00", "2026-11-23T16:00:00.500000Z"),
    ],
)
def test_times(text, time):
    """How long ago, or RFC 3339 with any offset."""
    assert read_time(text, NOW) == time


def test_a_time_without_an_offset_is_local():
    """As the clock on the wall says it."""
    local = NOW.astimezone().replace(tzinfo=None).isoformat()

    assert read_time(local, NOW) == "2026-11-23T18:00:00Z"


@given(
    ids=st.lists(st.integers(1, 65535), max_size=5),
    site=st.text(max_size=20),
    ago=st.tuples(st.integers(0, 9999), st.sampled_from("smhd")),
    limit=st.integers(1, 1000),
)
def test_the_proxy_takes_every_query(ids, site, ago, limit):
    """What passes here passes there, and means the same."""
    words = [word for number in ids for word in ("--id", str(number))]
    found = wish(*words, f"--site={site}", "--since", f"{ago[0]}{ago[1]}", "--limit", str(limit))
    query = read_query(MultiDict({name: str(value) for name, value in {**found.filters, **found.bounds}.items()}))

    assert (query.ids, query.site, query.limit) == (frozenset(ids), site, limit)
    assert query.since is not None
