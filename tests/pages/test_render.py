"""Promises of rendered pages."""

import base64
import dataclasses
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.pages.render import ErrorView, Pages

PAGES = Pages()
STATUSES = [400, 408, 413, 414, 421, 431, 500, 501, 502, 503, 504]
FORMS = [b"text/html", b"application/json", b"*/*"]
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "</style><script>alert(1)</script>",
    "{{ 7*7 }}{% raw %}",
    "&lt;b&gt;",
    "javascript:alert(1)",
]
INNER = (
    *("Branch", "expired", "It has expired", "Renew it", "enforce", "sites.Branch.trust", "OpenSSL", "9444", "10"),
    *("Its name is wrong", "CN=x", "other.example", "HQ", "certifi", "Certificates", "Other reasons"),
)
VERDICT_KEYS = {"reasons", "chain", "valid_for", "resembles", "store"}


class Tags(HTMLParser):
    """Collects the elements and the text of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text, self.links = [], "", []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        """Note an element."""
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in {"href", "src"}]
        assert not [name for name, _ in attrs if name.startswith("on") or name == "style"]

    def handle_data(self, data):
        """Note text that is shown."""
        if self.tags and self.tags[-1] != "style":
            self.text += data


def view(text="x", *, detail=True):
    """Build a refusal whose every field holds the text."""
    return ErrorView(
        status=502,
        sentence=text,
        request_id=text,
        detail=detail,
        first_server=text,
        second_server=text,
        site=text,
        reason=text,
        code=18,
        why=text,
        cure=text,
        policy=text,
        policy_source=text,
        findings=(text, text, text),
        chain=(text, f"   {text}"),
        valid_for=(text, text),
        resembles=text,
        store=text,
    )


def html(text, *, detail=True):
    """Render the refusal as HTML."""
    return PAGES.error(view(text, detail=detail), b"text/html").body.decode()


@pytest.mark.parametrize("accept", FORMS)
@pytest.mark.parametrize("status", STATUSES)
def test_every_status_renders_in_every_form(status, accept):
    """Each error of ours has a sentence and the request id in the form that was asked for."""
    page = PAGES.error(ErrorView(status=status, sentence="What happened.", request_id="id-1"), accept)

    assert b"What happened." in page.body
    assert b"id-1" in page.body
    assert page.content_type.startswith("text/plain" if accept == b"*/*" else accept.decode())


@pytest.mark.parametrize("accept", FORMS)
def test_strangers_see_no_internals(accept):
    """Without `detail` no site, reason, policy, port, address, library, version or path is in the page."""
    refusal = ErrorView(
        status=502,
        sentence="Not trusted.",
        request_id="id-x",
        first_server="CAS-A",
        second_server="cas-b.example:9444",
        site="Branch",
        reason="expired",
        code=10,
        why="It has expired",
        cure="Renew it",
        policy="enforce",
        policy_source="sites.Branch.trust",
        findings=("It has expired", "Its name is wrong"),
        chain=("1  CN=x",),
        valid_for=("other.example",),
        resembles="HQ",
        store="142 from certifi",
    )
    page = PAGES.error(refusal, accept)
    text = Tags(page.body.decode()).text if accept == b"text/html" else page.body.decode()

    assert "CAS-A" in text
    assert "cas-b.example" in text
    assert b"<pre" not in page.body
    assert accept != b"application/json" or not VERDICT_KEYS & json.loads(page.body).keys()
    assert not [word for word in (*INNER, "casproxy", "jinja", "Python", "/templates") if word in text]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_names_render_as_text(hostile):
    """A name from a certificate or a setting is text: it adds no element, no attribute and no link."""
    page = Tags(html(hostile))

    assert page.tags == Tags(html("x")).tags
    assert hostile in page.text
    assert page.links == []


@given(st.text(st.characters(exclude_categories=[]), max_size=60), st.booleans())
def test_no_text_changes_the_page(text, detail):
    """Whatever the text, the page's elements are those of a page with harmless text."""
    filled = f"x{text}.example"

    assert Tags(html(filled, detail=detail)).tags == Tags(html("x.example", detail=detail)).tags


@given(st.text(st.characters(exclude_categories=[]), max_size=60))
def test_no_text_breaks_json_or_lines(text):
    """JSON stays JSON, and the text form keeps its number of lines."""
    plain = PAGES.error(view(f"x{text}"), b"*/*").body.decode()

    assert json.loads(PAGES.error(view(text), b"application/json").body)["status"] == 502
    assert len(plain.splitlines()) == len(PAGES.error(view(), b"*/*").body.decode().splitlines())


def test_json_has_the_fields_by_name():
    """Scripts find what people read, with the code as a number."""
    assert json.loads(PAGES.error(view("expired"), b"application/json").body) == {
        "status": 502,
        "title": "The mailbox server is not trusted",
        "detail": "expired",
        "first_server": "expired",
        "second_server": "expired",
        "site": "expired",
        "reason": "expired",
        "code": 18,
        "why": "expired",
        "valid_for": "expired, expired",
        "resembles": "expired",
        "cure": "expired",
        "store": "expired",
        "policy": "expired",
        "policy_source": "expired",
        "request_id": "expired",
        "reasons": ["expired"] * 3,
        "chain": ["expired", "   expired"],
    }


def test_html_lists_other_reasons_and_the_chain():
    """The deciding reason stands in the table, the others in a list, the drawing keeps its lines."""
    told = dataclasses.replace(view(), why="A.", findings=("A.", "B.", "C."), chain=("1  CN=x", "   │ issued by"))
    page = PAGES.error(told, b"text/html").body.decode()

    assert re.findall(r"<li>(.*?)</li>", page) == ["B.", "C."]
    assert ">1  CN=x\n   │ issued by</pre>" in page


def test_text_lists_other_reasons_and_the_chain():
    """At a command line the same stands in plain lines."""
    told = dataclasses.replace(view(), why="A.", findings=("A.", "B."), chain=("1  CN=x", "   │ issued by"))
    page = PAGES.error(told, b"*/*").body.decode()

    assert page.endswith("\nAlso:           B.\n\nChain:\n1  CN=x\n   │ issued by\n")
    assert "\nCertificate of: site x\n" in page


@pytest.mark.parametrize("accept", FORMS)
def test_without_a_verdict_there_are_no_empty_parts(accept):
    """What is not known leaves no heading behind."""
    page = PAGES.error(ErrorView(status=502, sentence="x", detail=True, code=10), accept).body

    assert not [word for word in (b"Other reasons", b"<pre", b"Also", b"hain", b"reasons", b"Valid") if word in page]


@pytest.mark.parametrize("accept", FORMS)
def test_a_certificate_cannot_make_the_page_endless(accept):
    """Lists and lines are bounded, whatever the chain."""
    told = dataclasses.replace(view(), findings=("x" * 60_000,) * 90, chain=("x" * 60_000,) * 900)

    assert len(PAGES.error(told, accept).body) < 600_000


def test_the_chain_scrolls_inside_the_page():
    """A narrow screen scrolls the drawing, not the page, and the keyboard can do it too."""
    page = html("x")

    assert re.search(r"<pre [^>]*tabindex=\"0\"", page)
    assert re.search(r"\npre {[^}]*overflow: auto;", page)
    assert "grid-template-columns: minmax(0, 1fr)" in page


def test_policy_allows_the_one_style_and_nothing_else():
    """The browser loads nothing, runs nothing, and may not frame the page; the style is named by its hash."""
    page = PAGES.error(view(), b"text/html")
    (style,) = re.findall(r"<style>(.*?)</style>", page.body.decode(), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert dict(page.headers)["Content-Security-Policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert "url(" not in style
    assert "@import" not in style


def test_page_is_accessible():
    """It names its language, has one main heading, and fits small screens."""
    page = html("x")

    assert '<html lang="en">' in page
    assert page.count("<h1>") == 1
    assert "width=device-width" in page
    assert "prefers-color-scheme: dark" in page


def test_redirect_links_where_it_leads():
    """A browser that does not follow shows a link, escaped."""
    page = Tags(PAGES.redirect('https://mail.example/owa/?a="b"&c').body.decode())

    assert page.links == ['https://mail.example/owa/?a="b"&c']


@pytest.mark.parametrize("location", ["javascript:alert(1)", "http://mail.example/", "//evil.example", ""])
def test_redirect_links_https_only(location):
    """Anything else is not linked."""
    assert Tags(PAGES.redirect(location).body.decode()).links == []


@pytest.mark.parametrize("host", ["mail.example", "branch.localhost:8443", "[::1]:8443", "127.0.0.1:8443", "MAIL"])
def test_plain_http_gets_a_link_to_https(host):
    """Who typed http:// sees in one look what to type instead."""
    answer = PAGES.plain_http_on_tls(host)
    head, _, body = answer.partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html; charset=utf-8\r\n")
    assert f"Content-Length: {len(body)}".encode() in head.split(b"\r\n")
    assert head.endswith(b"\r\nConnection: close")
    assert Tags(body.decode()).links == [f"https://{host}/"]


@pytest.mark.parametrize(
    "host", ["", "a b", "a@evil.example", "evil.example/x", 'a"b', "a\r\nSet-Cookie: x", "x" * 300, ":80", "a:"]
)
def test_plain_http_links_no_invalid_host(host):
    """A hostile `Host` is neither linked nor repeated."""
    head, _, body = PAGES.plain_http_on_tls(host).partition(b"\r\n\r\n")

    assert Tags(body.decode()).links == []
    assert b"Set-Cookie" not in head + body


def test_plain_http_in_text():
    """A script gets the same in two lines."""
    body = PAGES.plain_http_on_tls("mail.example", b"*/*").partition(b"\r\n\r\n")[2]

    assert (
        body
        == b"400 This port speaks HTTPS\nPlain HTTP reached a port that speaks HTTPS only.\nhttps://mail.example/\n"
    )
