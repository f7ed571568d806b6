"""Renders pages as HTML, JSON or text; what they may show is decided in `views`.

Names come from hostile peers: jinja2 escapes everything, and the policy in `Content-Security-Policy` allows nothing
but the one style sheet in the page itself, named by its hash. Templates are compiled once; nothing is kept per reader.
"""

import json

from proxy.model.clean import clean_text
from proxy.pages.accept import Form, choose_form
from proxy.pages.links import https_link, is_authority
from proxy.pages.shell import build_environment, content_policy, name_style, read_style
from proxy.pages.views import ErrorView, Fact, Page, advice_of, chain_of, facts_of, phrase_of, reasons_of, title_of

__all__ = ["ErrorView", "Page", "Pages"]


class Pages:
    """Everything we render. Construct it once; rendering keeps nothing."""

    def __init__(self) -> None:
        environment = build_environment()
        self._error = environment.get_template("error.html")
        self._notice = environment.get_template("notice.html")
        self._headers = _headers(read_style())

    def error(self, view: ErrorView, accept: bytes) -> Page:
        """Render an error in the form that `accept`, the field's value, wants most."""
        title, facts = title_of(view), facts_of(view)
        match choose_form(accept):
            case Form.HTML:
                return self._error_html(view, title, facts)
            case Form.JSON:
                return self._page(Form.JSON, _error_json(view, title, facts))
            case Form.TEXT:
                return self._page(Form.TEXT, _error_text(view, title, facts))

    def redirect(self, location: str) -> Page:
        """Render the body of a redirect, for browsers that do not follow it by themselves."""
        sentence = "This page is served over HTTPS only."
        return self._page(
            Form.HTML, self._notice.render(title="Use HTTPS", sentence=sentence, link=https_link(location))
        )

    def plain_http_on_tls(self, host: str, accept: bytes = b"text/html") -> bytes:
        """Write the whole answer to plain HTTP that reached the TLS port; close the connection after it.

        `host` is the value of `Host` as it came, hostile or empty: it is linked only if it is a host.
        """
        title, sentence = "This port speaks HTTPS", "Plain HTTP reached a port that speaks HTTPS only."
        link = f"https://{host}/" if is_authority(host) else ""
        if choose_form(accept) is Form.HTML:
            page = self._page(Form.HTML, self._notice.render(title=title, sentence=sentence, link=link))
        else:
            page = self._page(Form.TEXT, f"400 {title}\n{sentence}\n{link}".rstrip() + "\n")
        return _whole_answer(page)

    def _error_html(self, view: ErrorView, title: str, facts: list[Fact]) -> Page:
        text = self._error.render(
            view=view,
            title=title,
            phrase=phrase_of(view.status),
            sentence=clean_text(view.sentence),
            advice=advice_of(view.status),
            facts=facts,
            others=reasons_of(view)[1:],
            chain="\n".join(chain_of(view)),
        )
        return self._page(Form.HTML, text)

    def _page(self, form: Form, text: str) -> Page:
        charset = "" if form is Form.JSON else "; charset=utf-8"
        return Page(form.value + charset, text.encode(), self._headers)


def _headers(style: str) -> tuple[tuple[str, str], ...]:
    return (
        ("Content-Security-Policy", content_policy(name_style(style))),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
    )


def _error_json(view: ErrorView, title: str, facts: list[Fact]) -> str:
    record: dict[str, str | int | list[str]] = {
        "status": view.status,
        "title": title,
        "detail": clean_text(view.sentence),
    }
    record |= {fact.key: int(fact.value) if fact.key == "code" else fact.value for fact in facts}
    record |= {key: lines for key, lines in (("reasons", reasons_of(view)), ("chain", chain_of(view))) if lines}
    return json.dumps(record) + "\n"


def _error_text(view: ErrorView, title: str, facts: list[Fact]) -> str:
    head = [f"{view.status} {phrase_of(view.status)}", title, "", clean_text(view.sentence), advice_of(view.status), ""]
    also = [("Also:", reason) for reason in reasons_of(view)[1:]]
    rows = [*((f"{fact.name}:", fact.text) for fact in facts), *also]
    chain = chain_of(view)
    drawn = ["", "Chain:", *chain] if chain else []
    return "\n".join([*head, *(f"{name:<16}{text}" for name, text in rows), *drawn]) + "\n"


def _whole_answer(page: Page) -> bytes:
    lines = [
        "HTTP/1.1 400 Bad Request",
        f"Content-Type: {page.content_type}",
        f"Content-Length: {len(page.body)}",
        "Cache-Control: no-store",
        *(f"{name}: {value}" for name, value in page.headers),
        "Connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + page.body
