"""What may follow `?` in a request for events."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict

from proxy.admin.query import LAST_SEQUENCE, MOST_EVENTS, MOST_IDS, EventQuery, read_choice, read_number, read_query
from proxy.admin.refusal import Refused

NAMES = ("id", "site", "since", "until", "limit", "after")


def test_nothing_asked_is_everything_new() -> None:
    """The newest hundred."""
    assert read_query(MultiDict()) == EventQuery(limit=100)


@pytest.mark.parametrize("pairs", [[("id", "43,1043")], [("id", "43"), ("id", "1043")], [("id", "43, 1043,43")]])
def test_numbers_may_come_in_both_ways(pairs) -> None:
    """With commas or one by one."""
    assert read_query(MultiDict(pairs)).ids == {43, 1043}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("1795456800.5", 1_795_456_800.5),
        ("2026-11-23T18:00:00Z", datetime(2026, 11, 23, 18, tzinfo=UTC).timestamp()),
        ("2026-11-23T18:00:00.250Z", datetime(2026, 11, 23, 18, tzinfo=UTC).timestamp() + 0.25),
        ("2026-11-23T19:00:00+01:00", datetime(2026, 11, 23, 18, tzinfo=UTC).timestamp()),
        ("2026-11-23T19:00:00 01:00", datetime(2026, 11, 23, 18, tzinfo=UTC).timestamp()),
        ("2026-11-23 18:00:00+00:00", datetime(2026, 11, 23, 18, tzinfo=UTC).timestamp()),
    ],
)
def test_times_may_come_in_both_ways(text, seconds) -> None:
    """RFC 3339, also with a plus sign that nobody escaped, or seconds since 1970."""
    query = read_query(MultiDict(since=text, until=text))

    assert (query.since, query.until) == (seconds, seconds)


def test_the_rest_is_taken_as_it_is() -> None:
    """Site, limit and the number of the last one that is known; 0 is before the first."""
    query = read_query(MultiDict(site="Branch", limit="7", after="0"))

    assert (query.site, query.limit, query.after) == ("Branch", 7, 0)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("id", ""),
        ("id", "x"),
        ("id", "0"),
        ("id", "65536"),
        ("id", "-1"),
        ("id", "43,"),
        ("id", "\u0664\u0663"),
        ("id", ",".join(["43"] * (MOST_IDS + 1))),
        ("limit", "0"),
        ("limit", str(MOST_EVENTS + 1)),
        ("limit", "1e3"),
        ("after", "-1"),
        ("after", str(LAST_SEQUENCE + 1)),
        ("after", "9" * 5000),
        ("since", ""),
        ("since", "yesterday"),
        ("since", "2026-11-23"),
        ("since", "2026-11-23T18:00:00"),
        ("since", "-5"),
        ("since", "nan"),
        ("since", "1e400"),
        ("since", "0001-01-01T00:00:00+23:59"),
        ("until", "9999999999999"),
    ],
)
def test_what_means_nothing_is_refused(name, text) -> None:
    """With 400, the name and what was written."""
    with pytest.raises(Refused) as refused:
        read_query(MultiDict({name: text}))

    assert refused.value.status == 400
    assert str(refused.value)
    assert len(refused.value.cure) < 100


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.text(max_size=40)), max_size=6))
def test_no_text_breaks_it(pairs) -> None:
    """It is understood or refused with 400, in words that can be shown."""
    refusal = None
    try:
        read_query(MultiDict(pairs))
    except Refused as refused:
        refusal = refused

    assert refusal is None or (refusal.status == 400 and f"{refusal}{refusal.cure}".isascii())


@given(st.integers(0, 4_000_000_000), st.timezones(), st.integers(1, 65535))
def test_what_is_written_is_read(seconds, zone, number) -> None:
    """Any time with its offset, any number."""
    at = datetime.fromtimestamp(seconds, zone)
    query = read_query(MultiDict(since=at.isoformat(), id=str(number)))

    assert (query.ids, query.since) == ({number}, at.timestamp())


def test_one_of_some_words() -> None:
    """Absent means the usual one; others are refused with what there is."""
    words = {"json": 1, "csv": 2}

    assert (read_choice("format", None, words, "json"), read_choice("format", "csv", words, "json")) == ("json", "csv")
    for text in ("", "JSON", "x" * 1000):
        with pytest.raises(Refused, match="json, csv"):
            read_choice("format", text, words, "json")


def test_numbers_have_bounds() -> None:
    """Both of them are numbers still."""
    assert [read_number("n", text, 1, 3) for text in ("1", "3", "02")] == [1, 3, 2]
    for text in ("0", "4", "", " 1", "+1", "1_0"):
        with pytest.raises(Refused):
            read_number("n", text, 1, 3)
