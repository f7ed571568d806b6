"""A backend site like a second server of Exchange 2010, which takes requests of its own kind alone; see `backend`.

It answers a ping with its version, does not know a session until somebody who may has told it who that is, and wants
each request to say whose it is. Who may is not asked here: on loopback everybody is the first server.
"""

import re
from xml.etree import ElementTree as ET

from aiohttp import web

from proxy.lab.backend import Backend, Handler
from proxy.lab.headers import OWA_VERSION
from proxy.lab.notifications import Pace
from proxy.lab.topology import LabSite

PINGED, SIGNED_ON, NO_SESSION = 242, 241, 441
TOGETHER = ("X-OWA-ProxyUri", "X-OWA-ProxyVersion", "X-OWA-ProxySid")
"""Fields that stand together or not at all."""

_PATH = re.compile(r"/(?:[^/]+/)?(?:owa|ecp)/(ping|proxylogon)\.(?:owa|ecp)", re.IGNORECASE)


class SecondCas(Backend):
    """A site's server that wants to be told who signed in. `version` is what it says of itself."""

    def __init__(self, site: LabSite, fault: str, pace: Pace, version: str = OWA_VERSION) -> None:
        super().__init__(site, fault, pace)
        self.version = version
        self.sessions: dict[str, str] = {}
        """Canary to security identifier of the sessions it was told of."""
        self.users: list[str] = []
        """Names it was told, in order."""

    def application(self) -> web.Application:
        """Make the aiohttp application: a backend's, behind what servers say to each other."""
        application = super().application()
        application.middlewares.append(self._guard)
        return application

    async def _dress(self, request: web.Request, response: web.StreamResponse) -> None:
        await super()._dress(request, response)
        response.headers["X-OWA-Version"] = self.version

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        asked = _PATH.fullmatch(request.path)
        if asked and asked[1].lower() == "ping":
            return web.Response(status=PINGED, reason="Pinged")
        present = [name for name in TOGETHER if name in request.headers]
        if 0 < len(present) < len(TOGETHER):
            return web.Response(status=400, text=f"Only {', '.join(present)} of {', '.join(TOGETHER)}.\n")
        if asked:
            return await self._sign_on(request)
        canary = request.headers.get("X-OWA-ProxyCanary", "")
        if not present or self.sessions.get(canary) != request.headers["X-OWA-ProxySid"]:
            return web.Response(status=NO_SESSION, reason="Need Identity")
        return await handler(request)

    async def _sign_on(self, request: web.Request) -> web.StreamResponse:
        """Take who signed in: the XML must name whom the headers name."""
        canary, sid = request.headers.get("X-OWA-ProxyCanary", ""), request.headers.get("X-OWA-ProxySid", "")
        root = _parse(await request.read())
        if root is None:
            return web.Response(status=400, text="The body is no XML.\n")
        name, told = root.get("ln", ""), root.findtext("s", "")
        if not (canary and name and told) or told != sid or root.tag != "r":
            return web.Response(status=400, text="The body does not say who signed in, or headers name another.\n")
        self.sessions[canary] = sid
        self.users.append(name)
        return web.Response(status=SIGNED_ON, reason="Signed On")


def _parse(body: bytes) -> ET.Element | None:
    """Read XML that declares nothing; None for anything else."""
    if b"<!" in body:
        return None
    try:
        return ET.fromstring(body)  # noqa: S314 - without declarations there are no entities to expand
    except (ET.ParseError, ValueError, LookupError):
        return None
