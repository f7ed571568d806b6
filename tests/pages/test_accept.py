"""Promises of choosing a form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.pages.accept import Form, choose_form

CHROMIUM = b"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (b"", Form.TEXT),
        (b"*/*", Form.TEXT),
        (CHROMIUM, Form.HTML),
        (b"text/html", Form.HTML),
        (b"TEXT/HTML;level=1", Form.HTML),
        (b"application/json", Form.JSON),
        (b"application/problem+json", Form.JSON),
        (b"application/json, text/plain, */*", Form.JSON),
        (b"text/plain, application/json", Form.TEXT),
        (b"text/html;q=0.5, application/json;q=0.9", Form.JSON),
        (b"text/html;q=0.5, application/json ; q=0.4", Form.HTML),
        (b"text/html;q=0, */*", Form.TEXT),
        (b"*/*, text/plain;q=0.1", Form.HTML),
        (b"text/*", Form.TEXT),
        (b"application/*;q=0.9, text/*;q=0.1", Form.JSON),
        (b"image/png", Form.TEXT),
        (b"text/html;q=0, text/plain;q=0, application/json;q=0", Form.TEXT),
        (b"text/html;q=much, application/json;q=0.1", Form.JSON),
        (b"text/html;q=7, application/json", Form.HTML),
        (b", ,;q=1,text/html", Form.HTML),
    ],
)
def test_form_follows_accept(accept, form):
    """Quality decides, then exactness, then place; `*/*` alone means text."""
    assert choose_form(accept) is form


@given(st.binary(max_size=3000))
def test_any_bytes_choose_a_form(accept):
    """No value of the field makes it fail."""
    assert choose_form(accept) in Form
