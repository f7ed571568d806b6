"""Describes the admin API in OpenAPI 3.1, from the table of routes and the types it names; nothing is written twice."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from aiohttp import web

from proxy import __version__
from proxy.admin.answers import Refusal
from proxy.admin.refusal import answer_json
from proxy.admin.route import JSON, Parameter, Route, Told

Plain = dict[str, Any]  # JSON has no narrower type

DESCRIPTION: web.AppKey[Plain] = web.AppKey("description")
"""Where the handler finds it."""

SHARED = {
    400: Told(description="A parameter or the body means nothing."),
    401: Told(description="The admin token is missing or wrong."),
    403: Told(description="A page of another origin asks, or no admin token is set and so nothing can be changed."),
    415: Told(description="The body is not called JSON."),
}
"""Refusals of every route that is not open."""
TO_CHANGE = (415,)
"""Those that only an order meets."""


def describe(routes: Iterable[Route]) -> Plain:
    """Build the description as plain values."""
    shown = [route for route in routes if route.is_described]
    kinds = [Refusal, *(kind for route in shown for kind in _kinds(route))]
    named = list(dict.fromkeys(kinds))
    schemas, components = msgspec.json.schema_components(named, ref_template="#/components/schemas/{name}")
    references = dict(zip(named, schemas, strict=True))
    paths: dict[str, Plain] = {}
    for route in shown:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, references)
    return {
        "openapi": "3.1.0",
        "info": {"title": "casproxy admin API", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _kinds(route: Route) -> list[Any]:
    kinds = [told.kind for told in route.answers.values() if told.kind is not None]
    return kinds if route.order is None else [*kinds, route.order]


def _operation(route: Route, references: Mapping[Any, Plain]) -> Plain:
    operation: Plain = {
        "operationId": route.handler.__name__,
        "summary": route.summary,
        "responses": {str(status): _response(told, references) for status, told in _answers(route)},
        "security": _security(route),
    }
    if route.parameters:
        operation["parameters"] = [_parameter(each) for each in route.parameters]
    if route.order is not None:
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": references[route.order]}}}
    return operation


def _security(route: Route) -> list[Plain]:
    """Name the token: never, always, or where the listener can be reached from other machines."""
    if route.is_open:
        return []
    return [{"token": []}] if route.changes else [{"token": []}, {}]


def _answers(route: Route) -> list[tuple[int, Told]]:
    shared = {} if route.is_open else {code: told for code, told in SHARED.items() if _meets(route, code)}
    return sorted({**shared, **route.answers}.items())


def _meets(route: Route, code: int) -> bool:
    return route.changes or code not in TO_CHANGE


def _response(told: Told, references: Mapping[Any, Plain]) -> Plain:
    content = {media: {"schema": _schema(told, media, references)} for media in told.media}
    return {"description": told.description, "content": content}


def _schema(told: Told, media: str, references: Mapping[Any, Plain]) -> Plain:
    """Give the type of JSON, a refusal where none is named, and text for everything else."""
    return references[told.kind or Refusal] if media == JSON else {"type": "string"}


def _parameter(parameter: Parameter) -> Plain:
    return {
        "name": parameter.name,
        "in": parameter.where,
        "required": parameter.where == "path",
        "description": parameter.description,
        "schema": dict(parameter.schema),
    }


async def tell_description(request: web.Request) -> web.Response:
    """Answer with the description."""
    return answer_json(request.app[DESCRIPTION])
