"""Handlers that tell about events that were kept; following further ones is left to `following`."""

from collections.abc import Sequence

from aiohttp import web

from proxy.admin.following import REPLAYED
from proxy.admin.query import LAST_SEQUENCE, EventQuery, read_choice, read_number, read_query
from proxy.admin.records import FORMATS, to_entry, write_many
from proxy.admin.refusal import Refused, answer_json
from proxy.admin.route import STATE
from proxy.admin.state import AdminState, KeptEvent

JSON_FORMAT = "json"
CHOICES = {JSON_FORMAT: None, **FORMATS}
"""Every format by name."""


async def tell_events(request: web.Request) -> web.Response:
    """Answer with the events that were asked for, in the format that was."""
    query, state = read_query(request.query), request.app[STATE]
    name = read_choice("format", request.query.get("format"), CHOICES, JSON_FORMAT)
    chosen = choose(state, query)
    if name == JSON_FORMAT:
        events = [to_entry(kept, state.voice) for kept in chosen]
        return answer_json({"events": events, "last": state.recent.last})
    return _answer(write_many(chosen, state.voice, FORMATS[name]), FORMATS[name].media)


async def tell_event(request: web.Request) -> web.Response:
    """Answer with one event."""
    state = request.app[STATE]
    number = read_number("The number", request.match_info["sequence"], 0, LAST_SEQUENCE)
    name = read_choice("format", request.query.get("format"), CHOICES, JSON_FORMAT)
    kept = state.recent.find(number)
    if kept is None:
        last = state.recent.last
        raise Refused(404, f"There is no event {number}, or it is not kept any more.", f"The last one is {last}.")
    if name == JSON_FORMAT:
        return answer_json(to_entry(kept, state.voice))
    return _answer(FORMATS[name].write(kept, state.voice), FORMATS[name].media)


def choose(state: AdminState, query: EventQuery) -> Sequence[KeptEvent]:
    """Find the events; the name of a site is taken in any case."""
    names = {each.site.casefold(): each.site for each in state.trust().sites}
    first_of_all = query.after == 0  # which to the keeper is no number
    found = state.recent.query(
        ids=query.ids,
        site=names.get(query.site.casefold(), query.site),
        since=query.since,
        until=query.until,
        limit=REPLAYED if first_of_all else query.limit,
        after=query.after or 0,
    )
    return found[: query.limit] if first_of_all else found


def _answer(body: bytes, media: str) -> web.Response:
    return web.Response(body=body, content_type=media, charset="utf-8")
