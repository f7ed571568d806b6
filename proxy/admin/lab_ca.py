"""Hands out the lab's authority and says how to trust it; what the page looks like is left to `pages.authority`."""

import ssl

from aiohttp import web

from proxy.admin.refusal import Refused
from proxy.admin.route import STATE
from proxy.pages.authority import AuthorityPages, AuthorityView
from proxy.trust.certificate import read_certificate
from proxy.trust.text import time_text

PAGES: web.AppKey[AuthorityPages] = web.AppKey("authority pages")


async def show_authority(request: web.Request) -> web.Response:
    """Answer with the page."""
    facts = read_certificate(ssl.PEM_cert_to_DER_cert(_authority(request).decode("ascii")))
    view = AuthorityView(
        subject=facts.subject.removeprefix("CN="),
        sha256=facts.sha256,
        not_after="" if facts.not_after is None else time_text(facts.not_after),
        host=request.headers.get("Host", ""),
    )
    page = request.app[PAGES].page(view)
    return web.Response(body=page.body, headers={"Content-Type": page.content_type, **dict(page.headers)})


async def send_authority(request: web.Request) -> web.Response:
    """Answer with the certificate in PEM."""
    return web.Response(body=_authority(request), headers={"Content-Type": "application/x-x509-ca-cert"})


def _authority(request: web.Request) -> bytes:
    pem = request.app[STATE].lab_ca()
    if not pem:
        cure = "`casproxy lab` has one, and says where its file is."
        raise Refused(404, "This proxy has no authority of a lab.", cure)
    return pem
