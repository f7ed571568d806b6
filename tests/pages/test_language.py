"""Promises of choosing a language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.pages.language import FALLBACK, choose_language

OFFERED = ("de", "en", "pt-BR", "zh-Hant")


@pytest.mark.parametrize(
    ("accept", "tag"),
    [
        (b"", "en"),
        (b"*", "en"),
        (b"de", "de"),
        (b"DE-de", "de"),
        (b"de-AT, en;q=0.8", "de"),
        (b"fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "en"),
        (b"fr, de;q=0.7, en;q=0.8", "en"),
        (b"en;q=0.7, de;q=0.9", "de"),
        (b"fr, de;q=0.1", "de"),
        (b"fr, *;q=0.5, de;q=0.1", "en"),
        (b"de;q=0, en;q=0.1", "en"),
        (b"de;q=0, de-CH", "en"),
        (b"de;q=0", "en"),
        (b"pt", "pt-BR"),
        (b"pt-br", "pt-BR"),
        (b"pt-PT", "en"),
        (b"pt, pt-BR;q=0", "en"),
        (b"zh-Hant-TW, de", "zh-Hant"),
        (b"deu, e, d, den", "en"),
        (b"de;q=much, en", "en"),
        (b"de;q=1.5", "de"),
        (b"../../etc/passwd, de", "de"),
        (b"\xff\x00, de;q=0.5", "de"),
    ],
)
def test_language_follows_the_field(accept, tag):
    """Quality decides, then place; a region we do not have gives its language."""
    assert choose_language(accept, OFFERED) == tag


@given(st.binary(max_size=3000))
def test_any_bytes_choose_a_language_of_ours(accept):
    """No value of the field makes it fail or leads out of the table."""
    assert choose_language(accept, OFFERED) in OFFERED


def test_the_fallback_is_one_of_ours():
    """Who wants none of ours reads English."""
    assert FALLBACK == "en"
