"""Renders the pages of a backend site; which page answers which address is left to `backend`."""

from dataclasses import dataclass
from typing import Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from proxy.lab.headers import OWA_VERSION
from proxy.lab.mailbox import FOLDERS, Message

SIZES = {"1 MiB": 1024**2, "100 MiB": 100 * 1024**2, "1 GiB": 1024**3}
"""Made-up downloads that the page offers."""
TRUST_WORDS = ("trusted", "allowed")
"""What the proxy says in X-CASProxy-Trust."""
_USER, _GROUPS = "X-CASProxy-User", "X-CASProxy-Groups"
_SHOWN = (
    "Host", "Via", "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Request-Id", "X-CASProxy-Trust", _USER,
    _GROUPS,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who answers: shown on every page."""

    site: str
    """Name of the site."""
    server: str
    """Name of the server."""
    fault: str
    """How its certificate is."""
    fault_sentence: str
    """The same as a sentence."""


class Pages:
    """The templates, bound to one site."""

    def __init__(self, signature: Signature) -> None:
        self._signature = signature
        self._templates = Environment(
            loader=PackageLoader("proxy.lab"),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def folder(self, request: web.Request, folder: str, messages: tuple[Message, ...], opened: Message | None) -> str:
        """Render a folder's list of messages, with one of them opened beside it, or none."""
        listed = [message for message in messages if message.folder == folder]
        return self._render("folder.html", request, folder=folder, listed=listed, opened=opened, messages=messages)

    def files(self, request: web.Request, messages: tuple[Message, ...], received: list[Any] | None = None) -> str:
        """Render the page for uploads and large downloads; `received` is what has just come up."""
        return self._render("files.html", request, folder="files", received=received, sizes=SIZES, messages=messages)

    def fault(self, request: web.Request, messages: tuple[Message, ...], status: int, sentence: str) -> str:
        """Render what is said when there is no such page."""
        return self._render("fault.html", request, folder="", status=status, sentence=sentence, messages=messages)

    def _render(self, template: str, request: web.Request, *, messages: tuple[Message, ...], **values: object) -> str:
        word = request.headers.get("X-CASProxy-Trust", "")
        return self._templates.get_template(template).render(
            values,
            base=f"/{request.match_info.get('base', 'owa')}",
            folders=FOLDERS,
            unread={key: sum(each.is_unread for each in messages if each.folder == key) for key in FOLDERS},
            shown=[(name, request.headers[name]) for name in _SHOWN if name in request.headers],
            sign=self._signature,
            user=request.headers.get(_USER, ""),
            groups=request.headers.get(_GROUPS, ""),
            trust=word if word in TRUST_WORDS else "",
            version=OWA_VERSION,
        )
