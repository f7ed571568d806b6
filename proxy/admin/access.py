"""Who may ask what: the name, the origin, the token and the form of a request; what is answered is the handlers'.

A page of a foreign site can have its own name resolve to our address (DNS rebinding): its `Host` gives it away. It can
have a browser send requests here (cross-site forging): `Origin` and `Sec-Fetch-Site` give that away, and no form can
send JSON. What changes something needs the token besides, which no foreign page knows.
"""

import hmac
import ipaddress

from aiohttp import hdrs, web

from proxy.admin.refusal import Refused
from proxy.admin.route import JSON, STATE, Handler, Route

OWN_SITES = ("same-origin", "none")
"""Values of `Sec-Fetch-Site` of requests that our own page makes, or somebody who typed the address."""


@web.middleware
async def check_host(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a `Host` that is neither an IP address nor localhost, unless the token vouches for the request."""
    hosts = request.headers.getall(hdrs.HOST, [])
    if len(hosts) == 1 and (is_local_name(hosts[0]) or shows_token(request)):
        return await handler(request)
    raise Refused(
        421,
        "This listener answers to IP addresses and localhost only, to other names with the admin token.",
        "Use the address instead of the name.",
    )


def guard(route: Route) -> Handler:
    """Give a route's handler with what has to be in order before it is called."""
    if route.is_open:
        return route.handler

    async def answer(request: web.Request) -> web.StreamResponse:
        refuse_cross_site(request)
        if route.changes or request.app[STATE].reads_need_token():
            demand_token(request, to_change=route.changes)
        refuse_unknown_parameters(request, route)
        if route.changes:
            demand_json(request)
        return await route.handler(request)

    return answer


def demand_token(request: web.Request, *, to_change: bool) -> None:
    """Refuse whoever does not show the token; nobody changes anything where there is none."""
    if not request.app[STATE].admin_token():
        what = "Nothing can be changed here" if to_change else "Nothing can be read from other machines"
        raise Refused(403, f"{what}, because no admin token is set.", "Set server.admin_token_file and reload.")
    if not shows_token(request):
        sentence = "Changing something takes the admin token." if to_change else "This takes the admin token."
        cure = "Send Authorization: Bearer with the content of server.admin_token_file."
        raise Refused(401, sentence, cure, {hdrs.WWW_AUTHENTICATE: 'Bearer realm="casproxy"'})


def shows_token(request: web.Request) -> bool:
    """Tell whether `Authorization` holds the token, if there is one; takes the same time for every wrong one."""
    token = request.app[STATE].admin_token()
    shown = request.headers.getall(hdrs.AUTHORIZATION, [])
    scheme, _, word = shown[0].partition(" ") if len(shown) == 1 else ("", "", "")
    # Bytes that are no UTF-8 come as surrogates, which `encode` would not take.
    equal = hmac.compare_digest(word.strip().encode("utf-8", "surrogateescape"), token.encode())
    return bool(token) and scheme.lower() == "bearer" and equal


def refuse_cross_site(request: web.Request) -> None:
    """Refuse what a page of somebody else had a browser send. Source: Fetch Metadata; RFC 6454 §7."""
    sites = request.headers.getall("Sec-Fetch-Site", [])
    origins = request.headers.getall(hdrs.ORIGIN, [])
    own = {f"{scheme}://{request.headers.get(hdrs.HOST, '')}".lower() for scheme in ("http", "https")}
    if all(site in OWN_SITES for site in sites) and all(origin.lower() in own for origin in origins):
        return
    raise Refused(403, "This request was made by a page of another origin.", "Open the admin address itself.")


def refuse_unknown_parameters(request: web.Request, route: Route) -> None:
    """Refuse a parameter that means nothing, for it was meant to mean something."""
    for name in sorted(set(request.query) - route.names):
        known = ", ".join(sorted(route.names))
        cure = f"There are {known}." if known else "There are none here."
        raise Refused(400, f"There is no parameter {name[:40]!a} here.", cure)
    for each in route.parameters:
        if not each.repeats and len(request.query.getall(each.name, [])) > 1:
            raise Refused(400, f"The parameter {each.name} stands there twice.", "Name it once.")


def demand_json(request: web.Request) -> None:
    """Refuse a body that is not called JSON: forms of foreign pages cannot call theirs so."""
    if request.content_type != JSON or (request.charset or "utf-8").lower() != "utf-8":
        raise Refused(415, "The order must be JSON.", f"Send Content-Type: {JSON}.")


def is_local_name(host: str) -> bool:
    """Tell whether `Host` is an IP address, `localhost` or a name under it, with or without a port."""
    name, _, port = host.rpartition(":") if not host.endswith("]") and ":" in host else (host, "", "")
    if port and not (port.isascii() and port.isdigit()):
        return False
    if name.startswith("[") and name.endswith("]"):
        return _is_address(name[1:-1], 6)
    name = name.lower().removesuffix(".")
    return name == "localhost" or name.endswith(".localhost") or _is_address(name, 4)


def _is_address(text: str, family: int) -> bool:
    try:
        return ipaddress.ip_address(text).version == family
    except ValueError:
        return False
