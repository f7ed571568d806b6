"""Handlers of what only tells: each asks the state and answers; who may ask is left to `access`."""

from aiohttp import web
from msgspec.structs import replace

from proxy.admin.answers import LogLevel, Servers, SinkState, Verdicts
from proxy.admin.following import FOLLOWERS
from proxy.admin.refusal import answer_json
from proxy.admin.route import STATE
from proxy.metrics.expose import CONTENT_TYPE


async def tell_alive(_request: web.Request) -> web.Response:
    """Answer 200: the loop turns, or this would not have run."""
    return web.Response(text="alive\n")


async def tell_ready(request: web.Request) -> web.Response:
    """Answer 200 when requests are taken, 503 before the start and while draining."""
    if request.app[STATE].is_ready():
        return web.Response(text="ready\n")
    return web.Response(status=503, text="not ready\n")


async def tell_metrics(request: web.Request) -> web.Response:
    """Answer with what was counted."""
    return web.Response(body=await request.app[STATE].metrics(), headers={"Content-Type": CONTENT_TYPE})


async def tell_status(request: web.Request) -> web.Response:
    """Answer with the proxy as a whole; followers that were too slow count as a sink's loss."""
    status = await request.app[STATE].status()
    stream = SinkState(name="event stream", lost=request.app[FOLLOWERS].lost)
    return answer_json(replace(status, sinks=(*status.sinks, stream)))


async def tell_sites(request: web.Request) -> web.Response:
    """Answer with every site."""
    return answer_json(await request.app[STATE].sites())


async def tell_servers(request: web.Request) -> web.Response:
    """Answer with every server, or those of a site."""
    site = _site(request)
    servers = (await request.app[STATE].servers()).servers
    return answer_json(Servers(servers=tuple(each for each in servers if not site or each.site.casefold() == site)))


async def tell_verdicts(request: web.Request) -> web.Response:
    """Answer with the last verdict on every server, or on those of a site."""
    site = _site(request)
    verdicts = request.app[STATE].verdicts()
    return answer_json(
        Verdicts(verdicts=tuple(each for each in verdicts if not site or each["site"].casefold() == site))
    )


async def tell_policies(request: web.Request) -> web.Response:
    """Answer with the trust policies in force and where each key was set."""
    return answer_json(request.app[STATE].policies())


async def tell_trust(request: web.Request) -> web.Response:
    """Answer with the switch everywhere."""
    return answer_json(request.app[STATE].trust())


async def tell_connections(request: web.Request) -> web.Response:
    """Answer with the connections on both sides."""
    return answer_json(await request.app[STATE].connections())


async def tell_config(request: web.Request) -> web.Response:
    """Answer with the settings in force."""
    return answer_json(request.app[STATE].config())


async def tell_log_level(request: web.Request) -> web.Response:
    """Answer with the least grave level that is logged."""
    return answer_json(LogLevel(level=request.app[STATE].log_level()))


def _site(request: web.Request) -> str:
    return request.query.get("site", "").casefold()
