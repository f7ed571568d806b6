"""Promises of cleaned text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.model.clean import MAX_TEXT, clean_text, list_some, shorten

HARMFUL = [
    "\r",
    "\n",
    "\0",
    "\x1b",
    "\x7f",
    "\x85",
    "\x9b",
    "\u2028",
    "\u2029",
    "\u202e",
    "\u2066",
    "\u200b",
    "\ud800",
    "\ufeff",
]


@pytest.mark.parametrize("char", HARMFUL, ids=lambda char: f"U+{ord(char):04X}")
def test_a_harmful_character_becomes_visible(char):
    """What ends a line, steers a terminal or turns text around is shown, not done."""
    cleaned = clean_text(f"cas02{char}evil")

    assert char not in cleaned
    assert f"{ord(char):x}" in cleaned


@given(st.text(st.characters(exclude_categories=[])))
def test_any_text_stays_on_its_line(text):
    """Whatever comes in, the result is one printable, encodable line of bounded length."""
    cleaned = clean_text(text)

    assert cleaned.isprintable()
    assert len(cleaned.splitlines()) <= 1
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in cleaned)
    cleaned.encode()


@given(st.text(st.characters(categories=["L", "N", "P"]), max_size=MAX_TEXT))
def test_ordinary_text_is_untouched(text):
    """Names in any script, and markup, stay as they are."""
    assert text == clean_text(text)


def test_endless_text_is_cut():
    """A name of a megabyte does not bury the log."""
    cleaned = clean_text("a" * 1_000_000)

    assert len(cleaned) == MAX_TEXT
    assert cleaned.endswith("…")


@given(st.text(st.characters(exclude_categories=[]), max_size=4000), st.integers(3, 120))
def test_a_shortened_text_fits_and_is_clean(text, width):
    """Escapes do not make a text longer than it may be."""
    short = shorten(text, width)

    assert len(short) <= width
    assert short.isprintable()


def test_both_ends_of_a_long_name_stay():
    """The domain at the end of a name tells as much as its beginning."""
    assert shorten("CN=" + "a" * 60_000 + ".branch.example", 31) == "CN=aaaaaaaaaaaa….branch.example"


@pytest.mark.parametrize(
    ("texts", "total", "listed"),
    [
        ([], None, ""),
        (["a"], None, "a"),
        (["a", "b"], 2, "a, b"),
        (list("abcdefg"), None, "a, b, c, d, e and 2 more"),
        (list("abcdefg"), 2000, "a, b, c, d, e and 1,995 more"),
        (["a\nb"], None, "a\\x0ab"),
    ],
)
def test_a_list_says_how_many_more(texts, total, listed):
    """The first five stand for all."""
    assert list_some(texts, total) == listed
