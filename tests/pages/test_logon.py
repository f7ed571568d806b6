"""Promises of the pages around signing in."""

import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.pages.logon import SignInPages
from proxy.pages.logon_views import LogoffView, LogonView, Reason, RedirectView, Refusal, RefusedView
from proxy.pages.shell import content_policy, name_style, read_style

PAGES = SignInPages()
ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=60)
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    '" autofocus onfocus=alert(1) x="',
    "'-alert(1)-'",
    "</title></style><script>alert(1)</script>",
    "{{ 7*7 }}{% raw %}{texts}",
    "&lt;b&gt;&quot;",
    "javascript:alert(1)",
    "\ud800\u202e\x00",
]


class Reader(HTMLParser):
    """Reads a page as a browser does."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.shape = [], []
        self.feed(page.body.decode())
        self.close()

    def handle_starttag(self, tag, attrs):
        """Note an element and the names of its attributes."""
        self.elements.append((tag, dict(attrs)))
        self.shape.append((tag, *(name for name, _ in attrs)))

    def fields(self):
        """Give the form's fields by name; of radio buttons the chosen one."""
        given = [at for tag, at in self.elements if tag == "input" and (at["type"] != "radio" or "checked" in at)]
        return {at["name"]: at for at in given}

    def all(self, name):
        """Give the attributes of every element of the name."""
        return [at for tag, at in self.elements if tag == name]


def logon(language=b"en", accept=b"text/html", **fields):
    """Render the form."""
    return PAGES.logon(LogonView(**{"destination": "/owa/", "token": "t"} | fields), language, accept)


def everything(text, language=b"en", accept=b"text/html"):
    """Render every page with the text wherever one can stand."""
    view = LogonView(destination=text, token=text, reason=Reason.WRONG, organisation=f"x{text}")
    refused = RefusedView(refusal=Refusal.BAD_FORM, status=400, organisation=f"x{text}")
    return {
        "logon": PAGES.logon(view, language, accept),
        "logoff": PAGES.logoff(LogoffView(organisation=f"x{text}"), language, accept),
        "redirect": PAGES.redirect(RedirectView(location=text, organisation=f"x{text}"), language, accept),
        "refused": PAGES.refused(refused, language, accept),
        "timeout": PAGES.timed_out(language, accept),
    }


def test_the_form_has_the_historic_fields():
    """What the form sends is what scripts have always sent, and the token."""
    reader = Reader(logon(destination="/owa/?a=b&c", token="abc"))
    values = {name: field.get("value", "") for name, field in reader.fields().items()}

    assert reader.all("form") == [{"method": "post", "action": "/owa/auth.owa", "accept-charset": "utf-8"}]
    assert values == {
        "destination": "/owa/?a=b&c",
        "flags": "0",
        "forcedownlevel": "0",
        "token": "abc",
        "isUtf8": "1",
        "username": "",
        "password": "",
        "trusted": "0",
    }


def test_the_name_has_the_focus_and_the_public_computer_is_chosen():
    """Who types finds the cursor where he begins; a form never holds what was typed before."""
    reader = Reader(logon(reason=Reason.WRONG))

    assert [at["id"] for at in reader.all("input") if "autofocus" in at] == ["username"]
    assert [at["id"] for at in reader.all("input") if "checked" in at] == ["public"]
    assert not [at for at in reader.all("input") if at.get("id") in {"username", "password"} and "value" in at]


def test_fields_are_labelled_and_known_to_password_keepers():
    """Each visible field has its label, and says what it is for."""
    reader = Reader(logon())
    visible = [at["id"] for at in reader.all("input") if at["type"] != "hidden"]

    assert [at["for"] for at in reader.all("label")] == visible == ["username", "password", "public", "private"]
    assert reader.fields()["username"]["autocomplete"] == "username"
    assert reader.fields()["password"]["autocomplete"] == "current-password"


@pytest.mark.parametrize("fields", [{}, {"reason": Reason.WRONG}, {"reason": Reason.TIMED_OUT}, {"retry_after": 9.0}])
def test_descriptions_exist(fields):
    """Whatever describes a field is on the page, and no two elements share an id."""
    elements = Reader(logon(**fields)).elements
    ids = [at["id"] for _, at in elements if "id" in at]
    named = {each for _, at in elements for each in at.get("aria-describedby", "").split()}

    assert named <= set(ids)
    assert len(ids) == len(set(ids))
    assert ("problem" in named) is bool(fields)


@pytest.mark.parametrize(
    ("fields", "role", "invalid"),
    [
        ({"reason": Reason.WRONG}, "alert", ["username", "password"]),
        ({"reason": Reason.WRONG, "retry_after": 5.0}, "alert", []),
        ({"reason": Reason.SIGNED_OFF}, "status", []),
        ({"reason": Reason.TIMED_OUT}, "status", []),
        ({"reason": Reason.PASSWORD_CHANGED}, "status", []),
    ],
)
def test_problems_are_told_to_screen_readers(fields, role, invalid):
    """A failed attempt is an alert and marks the fields; what merely happened is a status."""
    reader = Reader(logon(**fields))

    assert [at["role"] for at in reader.all("p") if "role" in at] == [role]
    assert [at["id"] for at in reader.all("input") if at.get("aria-invalid") == "true"] == invalid


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.4, "1 s"), (60.0, "60 s"), (60.1, "2 min"), (120.0, "2 min"), (121.0, "3 min")]
)
def test_too_many_attempts_say_how_long_to_wait(seconds, said):
    """Never shorter than it is; programs find it in `Retry-After`."""
    page = logon(retry_after=seconds, reason=Reason.WRONG)

    assert f"Wait {said}, then" in page.body.decode()
    assert int(dict(page.headers)["Retry-After"]) >= seconds
    assert "Retry-After" not in dict(logon().headers)


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("name", ["logon", "logoff", "redirect", "refused", "timeout"])
def test_nothing_hostile_changes_a_page(name, hostile):
    """Destination, token, host, address: whatever they hold, the page has the same elements and attributes."""
    reader = Reader(everything(hostile)[name])

    assert reader.shape == Reader(everything("y")[name]).shape
    assert not [at for at in reader.all("a") if at["href"] != "/owa/"]
    assert all(at["action"] == "/owa/auth.owa" for at in reader.all("form"))


@given(ANY_TEXT)
def test_no_text_changes_a_page(text):
    """The same for any text, lone surrogates and control characters among it."""
    for name, page in everything(f"y{text}").items():
        assert Reader(page).shape == Reader(everything("y")[name]).shape


@given(st.sampled_from(HOSTILE))
def test_a_destination_comes_back_as_it_went(text):
    """Escaping is undone by the browser; only what UTF-8 cannot hold is replaced."""
    sent = Reader(logon(destination=text)).fields()["destination"]["value"]

    assert sent == text.encode(errors="replace").decode()


@pytest.mark.parametrize("accept", [b"application/json", b"*/*"])
@pytest.mark.parametrize("hostile", HOSTILE)
def test_programs_get_neither_markup_nor_broken_lines(accept, hostile):
    """JSON stays JSON, text keeps its lines, and no token or destination is told there."""
    for name, page in everything(f"a\r\nb{hostile}", accept=accept).items():
        harmless = everything("y", accept=accept)[name]
        assert page.body.count(b"\n") == harmless.body.count(b"\n")
        assert page.content_type.startswith(("application/json", "text/plain; charset=utf-8"))
        assert accept != b"application/json" or json.loads(page.body).keys() == json.loads(harmless.body).keys()


def test_programs_are_told_what_to_do():
    """At a command line and for scripts the form is a 401 with its reason, or a 429 with the time to wait."""
    assert json.loads(logon(accept=b"application/json", reason=Reason.WRONG).body) == {
        "status": 401,
        "title": "Sign in",
        "detail": "This user name and password do not fit together. Check both and try again.",
        "reason": "wrong",
        "sign_in": "/owa/auth.owa",
    }
    assert json.loads(logon(accept=b"application/json", retry_after=7.5).body)["retry_after"] == 8
    assert logon(accept=b"*/*").body == b"401 Unauthorized\nSign in\n\nYou need to sign in first.\n"


def test_a_redirect_shows_the_address_and_says_that_the_sign_in_ended():
    """The link is the address itself, and who reads it knows that a password will be asked for again."""
    page = PAGES.redirect(RedirectView(location="https://mail.branch.example/owa?a=b&c"))
    plain = PAGES.redirect(RedirectView(location="https://mail.branch.example/owa"), accept=b"*/*").body.decode()

    assert [at["href"] for at in Reader(page).all("a")] == ["https://mail.branch.example/owa?a=b&c"]
    assert ">https://mail.branch.example/owa?a=b&amp;c</a>" in page.body.decode()
    assert "The sign-in here has ended." in page.body.decode()
    assert "\nhttps://mail.branch.example/owa\nThe sign-in here has ended." in plain


@pytest.mark.parametrize("refusal", Refusal)
@pytest.mark.parametrize("language", [b"en", b"de"])
def test_a_refusal_says_what_and_what_helps(refusal, language):
    """Heading, sentence and advice, in every form."""
    view = RefusedView(refusal=refusal, status=403)
    told = json.loads(PAGES.refused(view, language, b"application/json").body)
    page, plain = PAGES.refused(view, language).body.decode(), PAGES.refused(view, language, b"*/*").body.decode()

    assert told["reason"] == refusal.value
    assert all(told[key] in page and told[key] in plain for key in ("title", "detail", "advice"))
    assert ('<a href="/owa/">' in page) is view.is_over


def test_a_timeout_is_tiny():
    """Programs of the mailbox read its status only; a person finds the way back."""
    page = PAGES.timed_out(b"de")

    assert len(page.body) < 512
    assert [at["href"] for at in Reader(page).all("a")] == ["/owa/"]
    assert PAGES.timed_out(accept=b"*/*").body.startswith(b"440\nSigned off\n\n")


@pytest.mark.parametrize(("language", "tag"), [(b"", "en"), (b"de-AT, en;q=0.5", "de"), (b"tlh, de;q=0.2", "de")])
def test_pages_speak_the_readers_language(language, tag):
    """Page and field name the same language."""
    for page in everything("y", language).values():
        assert Reader(page).all("html") == [{"lang": tag, "dir": "ltr"}]
        assert dict(page.headers)["Content-Language"] == tag


def test_every_page_has_its_title_and_heading():
    """The title names whose server it is; the page has one main heading."""
    for name, page in everything("y").items():
        text = page.body.decode()
        assert re.search(r"<title>[^<]+</title>", text)
        assert name == "timeout" or (" \u2013 xy</title>" in text and text.count("<h1>") == 1)


def test_the_browser_is_told_to_keep_out_of_it():
    """Nothing is loaded, run, framed, kept or told to other hosts; the form leads to us alone."""
    pages = everything("y")
    headers = {name: dict(page.headers) for name, page in pages.items()}
    style = name_style(read_style())

    assert headers["logon"].pop("Content-Security-Policy") == content_policy(style, ("'self'",))
    assert {each.pop("Content-Security-Policy", "") for each in headers.values()} == {"", content_policy(style)}
    assert all(
        each
        == {
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "same-origin",
            "Cache-Control": "no-store",
            "Content-Language": "en",
        }
        for each in headers.values()
    )
    assert not [page for page in pages.values() if b"<script" in page.body or b"style=" in page.body]
    assert all(f"<style>{read_style()}</style>".encode() in pages[name].body for name in pages if name != "timeout")


def test_the_form_may_lead_on_to_the_sites_that_are_named():
    """A silent redirect after signing in is no dead end in Chromium; what is no https origin stays out."""
    page = logon(onward=("https://mail.branch.example/owa", "http://a.example/", "https://b; script-src *", ""))

    assert " form-action 'self' https://mail.branch.example; " in dict(page.headers)["Content-Security-Policy"]
