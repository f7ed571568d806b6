"""Handlers of what changes something: each reads the order, has it done and says who did what (event 1050).

Whether the caller may is left to `access`, doing it to the state.
"""

from typing import TypeVar

import msgspec
from aiohttp import web

from proxy.admin.answers import LogLevel
from proxy.admin.orders import LevelOrder, Order, ReloadOrder, SwitchChange, TrustOrder
from proxy.admin.refusal import Refused, answer_json
from proxy.admin.route import STATE
from proxy.admin.state import ChangeRefused, UnknownSite
from proxy.events.record import Event

CHANGED = 1050

Kind = TypeVar("Kind", bound=Order)


async def turn_switch(request: web.Request) -> web.Response:
    """Turn the switch as ordered."""
    order = await read_order(request, TrustOrder)
    try:
        changed = await request.app[STATE].set_trust(order.site, order.allow_internal_untrusted_certs)
    except UnknownSite as refused:
        raise Refused(404, str(refused), refused.cure) from refused
    except ChangeRefused as refused:
        raise Refused(409, str(refused), refused.cure) from refused
    for change in changed.changes:
        _tell(request, _describe(change), site=change.site or "")
    return answer_json(changed)


async def reload(request: web.Request) -> web.Response:
    """Have the settings read anew; 409 when they were refused."""
    await read_order(request, ReloadOrder)
    reloaded = await request.app[STATE].reload()
    _tell(request, "settings read anew" if reloaded.reloaded else "settings read anew and refused")
    return answer_json(reloaded, 200 if reloaded.reloaded else 409)


async def set_log_level(request: web.Request) -> web.Response:
    """Log from another level on."""
    order = await read_order(request, LevelOrder)
    state = request.app[STATE]
    before = state.log_level()
    await state.set_log_level(order.level)
    if before != order.level:
        _tell(request, f"log.level {before} → {order.level}")
    return answer_json(LogLevel(level=order.level))


async def read_order(request: web.Request, kind: type[Kind]) -> Kind:
    """Read the body. Raises: Refused with 400 for one that is no such order."""
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:  # a ValidationError is a DecodeError
        cure = "See /api/openapi.json for what it may hold."
        raise Refused(400, f"The body is no such order: {fault}.", cure) from fault


def _describe(change: SwitchChange) -> str:
    where = "for every other site" if change.site is None else f"of site {change.site}"
    sources = f"{change.source_before} → {change.source_after}"
    return f"allow_internal_untrusted_certs {where} {change.before} → {change.after} ({sources})"


def _tell(request: web.Request, what: str, *, site: str = "") -> None:
    state = request.app[STATE]
    who = request.remote or "nobody"
    state.emit(Event(id=CHANGED, parameters=(state.voice.first_server, what, who), site=site))
