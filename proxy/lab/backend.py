"""One backend site: its addresses, its answers and what it saw of them; socket and certificate are left to `run`."""

import asyncio
from collections.abc import Awaitable, Callable
from html import escape

from aiohttp import WSMsgType, web

from proxy.certkit.faults import FAULTS
from proxy.lab.attachments import receive_files, send_attachment, send_made_up
from proxy.lab.headers import OWA_VERSION, dress, hand_out_cookies
from proxy.lab.mailbox import FOLDERS, Message, messages_of
from proxy.lab.notifications import Pace, send_notifications
from proxy.lab.pages import Pages, Signature
from proxy.lab.static import answer_static
from proxy.lab.topology import LabSite
from proxy.lab.webdav import VERBS, answer_webdav

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_SENTENCES = {400: "This request was not understood.", 404: "There is no such page here."}


class Backend:
    """A site's second server. Answers below `/owa` and, for path rules, below `/SITE/owa`, in any case as IIS does."""

    def __init__(self, site: LabSite, fault: str, pace: Pace) -> None:
        self.site = site
        self.fault = fault
        """Key into `FAULTS`: how its certificate is."""
        self.port = 0
        """Where it listens; set by who starts it."""
        self.connections_seen = 0
        """TLS handshakes that succeeded."""
        self.bytes_seen = 0
        """Bytes of HTTP that arrived, well-formed or not."""
        self.requests_seen = 0
        """Requests that were well-formed."""
        self._pace = pace
        self._ending = asyncio.Event()
        self._messages = messages_of(site.name, site.host)
        sentence = FAULTS[fault].sentence
        self._pages = Pages(Signature(site=site.name, server=site.host, fault=fault, fault_sentence=sentence))

    def application(self) -> web.Application:
        """Make the aiohttp application."""
        application = web.Application(middlewares=[self._around])
        application.on_response_prepare.append(self._dress)
        application.on_shutdown.append(self._end)
        base = f"/{{base:(?i:(?:{self.site.stem}/)?owa)}}"
        for method, path, handler in self._routes():
            application.router.add_route(method, base + path, handler)
        for verb in VERBS:
            application.router.add_route(verb, f"{base}/{{rest:.*}}", self._webdav)
        application.router.add_get(base + "/{rest:.*}", self._nothing)
        application.router.add_route("OPTIONS", "/{rest:.*}", self._webdav)
        for path in ("/", f"/{{prefix:(?i:{self.site.stem})}}", f"/{{prefix:(?i:{self.site.stem})}}/", base):
            application.router.add_get(path, self._enter)
        return application

    def _routes(self) -> tuple[tuple[str, str, Handler], ...]:
        return (
            ("GET", "/", self._page),
            ("GET", f"/{OWA_VERSION}/{{name}}", self._static),
            ("GET", "/attachment.ashx", self._download),
            ("POST", "/attachment.ashx", self._upload),
            ("GET", "/ev.owa", self._notify),
            ("POST", "/ev.owa", self._command),
            ("GET", "/ws", self._echo),
        )

    async def _dress(self, _request: web.Request, response: web.StreamResponse) -> None:
        dress(response, self.site.host)

    async def _end(self, _application: web.Application) -> None:
        self._ending.set()

    @web.middleware
    async def _around(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.requests_seen += 1
        try:
            return await handler(request)
        except web.HTTPException as refusal:
            if refusal.status not in _SENTENCES:
                raise
            text = self._pages.fault(request, self._messages, refusal.status, _SENTENCES[refusal.status])
            return web.Response(status=refusal.status, text=text, content_type="text/html")

    async def _enter(self, request: web.Request) -> web.StreamResponse:
        """Redirect to the inbox by the server's own, internal name, as OWA does."""
        inside = request.path.lower().strip("/").startswith(self.site.stem)
        prefix = f"/{self.site.stem}" if inside else ""
        return web.Response(status=302, headers={"Location": f"https://{self.site.host}{prefix}/owa/"})

    async def _page(self, request: web.Request) -> web.StreamResponse:
        kind, id_ = request.query.get("ae", "Folder"), request.query.get("id", "")
        if kind == "Files":
            text = self._pages.files(request, self._messages)
        elif kind == "Item":
            opened = self._message(id_)
            text = self._pages.folder(request, opened.folder, self._messages, opened)
        elif kind == "Folder" and id_ in ("", *FOLDERS):
            text = self._pages.folder(request, id_ or "inbox", self._messages, None)
        else:
            raise web.HTTPNotFound
        response = web.Response(text=text, content_type="text/html")
        hand_out_cookies(request, response, self.site.host)
        return response

    def _message(self, id_: str) -> Message:
        for message in self._messages:
            if message.id == id_:
                return message
        raise web.HTTPNotFound

    async def _nothing(self, _request: web.Request) -> web.StreamResponse:
        raise web.HTTPNotFound

    async def _static(self, request: web.Request) -> web.StreamResponse:
        return answer_static(request)

    async def _download(self, request: web.Request) -> web.StreamResponse:
        if "size" in request.query:
            return await send_made_up(request)
        id_, _, number = request.query.get("id", "").rpartition("-")
        for position, attachment in enumerate(self._message(id_).attachments, start=1):
            if number == str(position):
                return await send_attachment(request, attachment)
        raise web.HTTPNotFound

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        try:
            received = await receive_files(request)
        except ValueError as error:  # aiohttp's word for a form that is broken
            raise web.HTTPBadRequest from error
        if "application/json" in request.headers.get("Accept", ""):
            files = [{"name": each.name, "size": each.size, "sha256": each.sha256} for each in received]
            return web.json_response({"server": self.site.host, "files": files})
        return web.Response(text=self._pages.files(request, self._messages, received), content_type="text/html")

    async def _notify(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("ev") != "PendingNotificationRequest":
            raise web.HTTPBadRequest
        return await send_notifications(request, self.site.name, self._pace, self._ending)

    async def _command(self, request: web.Request) -> web.StreamResponse:
        """Answer a command of the page: a small XML body up, a small one back."""
        size = sum([len(piece) async for piece in request.content.iter_any()])
        facts = {"ns": request.query.get("ns", ""), "ev": request.query.get("ev", ""), "bytes": str(size)}
        attributes = " ".join(f'{name}="{escape(value)}"' for name, value in facts.items())
        return web.Response(text=f'<?xml version="1.0"?>\n<answer {attributes}/>\n', content_type="text/xml")

    async def _webdav(self, request: web.Request) -> web.StreamResponse:
        return await answer_webdav(request, self.site.name)

    async def _echo(self, request: web.Request) -> web.StreamResponse:
        """Send every message of a WebSocket back."""
        channel = web.WebSocketResponse(heartbeat=60)
        await channel.prepare(request)
        async for message in channel:
            if message.type is WSMsgType.TEXT:
                await channel.send_str(message.data)
            elif message.type is WSMsgType.BINARY:
                await channel.send_bytes(message.data)
        return channel
