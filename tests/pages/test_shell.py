"""Promises of what all pages share."""

import base64
import hashlib

import jinja2
import pytest

from proxy.pages.shell import build_environment, content_policy, name_style, read_style


def test_templates_escape_everything():
    """A value is text, in an attribute too."""
    template = build_environment().from_string('<a title="{{ x }}">{{ x }}</a>')

    assert template.render(x="\"'><b>") == '<a title="&#34;&#39;&gt;&lt;b&gt;">&#34;&#39;&gt;&lt;b&gt;</a>'


def test_templates_fail_for_what_they_are_not_given():
    """A forgotten value is no empty place."""
    with pytest.raises(jinja2.UndefinedError):
        build_environment().from_string("{{ forgotten }}").render()


def test_the_policy_names_the_style_that_is_rendered():
    """The style in the page is the one whose hash is in the policy."""
    style = build_environment().from_string("{{ style }}").render()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert style == read_style()
    assert f"style-src 'sha256-{digest}';" in content_policy(name_style(style))


@pytest.mark.parametrize(
    ("targets", "directive"),
    [((), "form-action ;"), (("'self'", "https://a.example"), "form-action 'self' https://a.example;")],
)
def test_forms_go_where_the_page_says(targets, directive):
    """A page with a form names where it may lead."""
    assert directive in content_policy("", targets)
    assert "form-action 'none'" in content_policy("")
