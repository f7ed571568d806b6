"""Renders the pages around signing in, in the reader's language and as HTML, JSON or text.

What they say comes from requests in part, so everything is escaped, and the policy lets the form go to us alone.
"""

import json
from typing import Any

from proxy.model.clean import clean_text
from proxy.pages.accept import Form, choose_form
from proxy.pages.language import choose_language
from proxy.pages.links import https_link, origin_of
from proxy.pages.logon_views import (
    LOGIN_TIMEOUT,
    LogoffView,
    LogonView,
    Reason,
    RedirectView,
    Refusal,
    RefusedView,
    refusal_of,
)
from proxy.pages.shell import build_environment, content_policy, name_style, read_style
from proxy.pages.texts import Texts, load_texts
from proxy.pages.views import Page, phrase_of

__all__ = ["LogoffView", "LogonView", "Reason", "RedirectView", "Refusal", "RefusedView", "SignInPages", "refusal_of"]

_HTML = b"text/html"
_MINUTE = 60
_FORM_PATH = "/owa/auth.owa"
"""Takes the form."""

_Record = dict[str, str | int]


class SignInPages:
    """All pages around signing in. Construct it once; rendering keeps nothing.

    `language` and `accept` are the values of `Accept-Language` and `Accept`. Unlike other pages of ours these carry
    `Cache-Control` themselves, for they may hold a user's name and a token; the caller adds the status.
    """

    def __init__(self) -> None:
        environment = build_environment()
        self._templates = {
            name: environment.get_template(f"{name}.html")
            for name in ("logon", "logoff", "redirect", "refused", "timeout")
        }
        self._style = name_style(read_style())
        self._formless = content_policy(self._style)
        self._languages = load_texts()

    def logon(self, view: LogonView, language: bytes, accept: bytes = _HTML) -> Page:
        """Render the form; to programs, say that a sign-in is needed or what was wrong with theirs."""
        texts = self._texts(language)
        problem = _problem_of(view, texts)
        record: _Record = {"status": view.status, "title": texts.say("logon.title"), "detail": problem}
        record |= {"reason": view.reason.name.lower(), "sign_in": _FORM_PATH}
        record |= {"retry_after": view.wait} if view.wait else {}
        targets = ("'self'", *(origin for origin in map(origin_of, view.onward) if origin))
        retry = (("Retry-After", str(view.wait)),) if view.wait else ()
        shown = {"view": view, "action": _FORM_PATH}
        shown |= {"problem": problem if view.wait or view.reason is not Reason.NONE else ""}
        shown |= {"is_wrong": view.reason is Reason.WRONG and not view.wait}
        page = self._page("logon", texts, record, accept, shown | {"organisation": view.organisation})
        return page._replace(
            headers=(("Content-Security-Policy", content_policy(self._style, targets)), *page.headers, *retry)
        )

    def logoff(self, view: LogoffView, language: bytes, accept: bytes = _HTML) -> Page:
        """Say that the reader is signed off, and where to sign in again."""
        texts = self._texts(language)
        record: _Record = {"status": 200, "title": texts.say("logoff.title"), "detail": texts.say("logoff.sentence")}
        return self._closed(self._page("logoff", texts, record, accept, {"organisation": view.organisation}))

    def redirect(self, view: RedirectView, language: bytes = b"", accept: bytes = _HTML) -> Page:
        """Say at which address the mailbox is, and that the sign-in here has been dropped."""
        texts, link = self._texts(language), https_link(view.location)
        sentence = texts.say("redirect.sentence") if link else texts.say("redirect.no_link")
        record: _Record = {"status": 200, "title": texts.say("redirect.title"), "detail": sentence}
        record |= {"location": link, "notice": texts.say("redirect.dropped")} if link else {}
        shown = {"link": link, "organisation": view.organisation}
        return self._closed(self._page("redirect", texts, record, accept, shown))

    def timed_out(self, language: bytes = b"", accept: bytes = _HTML) -> Page:
        """Render the tiny body of a 440; programs in a browser read the status only."""
        texts = self._texts(language)
        sentence = texts.say("timed_out.sentence")
        record: _Record = {"status": LOGIN_TIMEOUT, "title": texts.say("timed_out.title"), "detail": sentence}
        return self._closed(self._page("timeout", texts, record, accept, {"organisation": ""}))

    def refused(self, view: RefusedView, language: bytes, accept: bytes = _HTML) -> Page:
        """Say what was decided against the reader, and what helps."""
        texts, key = self._texts(language), f"refused.{view.refusal.value}"
        record: _Record = {"status": view.status, "title": texts.say(f"{key}.title")}
        record |= {"detail": texts.say(f"{key}.sentence"), "advice": texts.say(f"refused.{view.advice}")}
        record |= {"reason": view.refusal.value}
        shown = {"view": view, "organisation": view.organisation}
        return self._closed(self._page("refused", texts, record, accept, shown))

    def _texts(self, language: bytes) -> Texts:
        return self._languages[choose_language(language, self._languages)]

    def _closed(self, page: Page) -> Page:
        """Add the policy of a page without a form."""
        return page._replace(headers=(("Content-Security-Policy", self._formless), *page.headers))

    def _page(self, name: str, texts: Texts, record: _Record, accept: bytes, shown: dict[str, Any]) -> Page:
        match choose_form(accept):
            case Form.HTML:
                shown |= {"organisation": clean_text(str(shown["organisation"]))}
                title = _title_of(str(record["title"]), shown["organisation"], texts)
                text = self._templates[name].render(shown, texts=texts, record=record, page_title=title)
                content_type = f"{Form.HTML.value}; charset=utf-8"
            case Form.JSON:
                text, content_type = json.dumps(record) + "\n", Form.JSON.value
            case Form.TEXT:
                text, content_type = _text_of(record), f"{Form.TEXT.value}; charset=utf-8"
        return Page(content_type, text.encode(errors="replace"), _headers(texts))


def _headers(texts: Texts) -> tuple[tuple[str, str], ...]:
    """Give the fields of every page here.

    Referrers stay on our host: with `no-referrer` browsers would send `Origin: null` with the form, and whether it
    is ours could not be told.
    """
    return (
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "same-origin"),
        ("Cache-Control", "no-store"),
        ("Content-Language", texts.tag),
    )


def _problem_of(view: LogonView, texts: Texts) -> str:
    if not view.wait:
        return texts.say(f"reason.{view.reason.name.lower()}")
    minutes = view.wait > _MINUTE
    count = -(-view.wait // _MINUTE) if minutes else view.wait
    time = texts.say("logon.minutes" if minutes else "logon.seconds", count=str(count))
    return texts.say("logon.wait", time=time)


def _title_of(title: str, organisation: str, texts: Texts) -> str:
    if not organisation:
        return title
    return texts.say("title.with_organisation", title=title, organisation=organisation)


def _text_of(record: _Record) -> str:
    """Write a record as lines: the status, the title, and what else a person can use."""
    status = int(record["status"])
    head = [f"{status} {phrase_of(status)}".rstrip(), str(record["title"]), ""]
    kept = ("detail", "location", "notice", "advice")
    return "\n".join([*head, *(str(record[key]) for key in kept if key in record)]) + "\n"
