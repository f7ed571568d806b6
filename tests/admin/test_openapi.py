"""The description of the API is the API: nothing is described that is not there, and nothing is there undescribed."""

import json
import re

import msgspec
import pytest

from proxy.admin.app import make_app
from proxy.admin.openapi import describe
from proxy.admin.routes import ROUTES
from proxy.events.record import Event
from tests.admin_double import DoubleState

DESCRIPTION = describe(ROUTES)
OPERATIONS = [
    (method, path, operation) for path, methods in DESCRIPTION["paths"].items() for method, operation in methods.items()
]
STREAM = "/api/events/stream"
ORDERS = {
    "/api/trust": {"site": "Branch", "allow_internal_untrusted_certs": 1},
    "/api/reload": {},
    "/api/log-level": {"level": "debug"},
}


TYPES = {"string": str, "integer": int, "number": int | float, "boolean": bool, "null": type(None)}


def _matches(value: object, schema: dict[str, object]) -> bool:
    """Tell whether a value is what a schema says; knows what msgspec writes and no more."""
    if "$ref" in schema:
        return _matches(value, DESCRIPTION["components"]["schemas"][str(schema["$ref"]).rpartition("/")[2]])
    if "anyOf" in schema:
        return any(_matches(value, each) for each in schema["anyOf"])
    if schema.get("type") == "object":
        return _is_object(value, schema)
    if schema.get("type") == "array":
        return isinstance(value, list) and all(_matches(each, schema.get("items", {})) for each in value)
    fits = "type" not in schema or isinstance(value, TYPES[schema["type"]])
    return fits and ("enum" not in schema or value in schema["enum"])


def _is_object(value: object, schema: dict[str, object]) -> bool:
    known, further = schema.get("properties", {}), schema.get("additionalProperties", True)
    return (
        isinstance(value, dict)
        and set(schema.get("required", [])) <= set(value)
        and all(_matches(each, known[key]) for key, each in value.items() if key in known)
        and (not isinstance(further, dict) or all(_matches(each, further) for each in value.values()))
    )


def test_every_route_is_described() -> None:
    """And no other; the dashboard's are its own affair."""
    described = {(method.upper(), path) for method, path, _ in OPERATIONS}
    served = {
        (route.method, re.sub(r":[^}]+\}", "}", resource.canonical))
        for resource in make_app(DoubleState()).router.resources()
        for route in resource
        if route.method != "HEAD"
    }

    assert described == {pair for pair in served if pair[1] not in {"/", "/assets/{name}"}}


@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path, _ in OPERATIONS if path != STREAM])
async def test_answers_are_as_described(client, state, token, method, path) -> None:
    """Status, media type and shape of what is really answered stand in the description."""
    state.emit(Event(id=43, parameters=("CAS01", "cas02.branch.example"), site="Branch", reason="self_signed"))
    order = ORDERS.get(path) if method == "post" else None
    answer = await client.request(
        method, path.format(sequence=1), json=order, headers=token if method == "post" else {}
    )
    described = DESCRIPTION["paths"][path][method]["responses"][str(answer.status)]["content"]

    assert answer.content_type in described
    if answer.content_type == "application/json":
        assert _matches(await answer.json(), described["application/json"]["schema"])


def test_names_are_unique_and_references_lead_somewhere() -> None:
    """What generators of clients rely on."""
    names = [operation["operationId"] for _, _, operation in OPERATIONS]
    schemas = DESCRIPTION["components"]["schemas"]
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(DESCRIPTION)))

    assert len(names) == len(set(names))
    assert references == set(schemas)


def test_the_token_is_described() -> None:
    """Never asked for, always asked for, or where strangers reach the listener."""
    security = {(method, path): operation["security"] for method, path, operation in OPERATIONS}

    assert security["get", "/livez"] == []
    assert security["post", "/api/trust"] == [{"token": []}]
    assert security["get", "/api/trust"] == [{"token": []}, {}]
    assert DESCRIPTION["components"]["securitySchemes"]["token"] == {"type": "http", "scheme": "bearer"}


def test_parameters_of_the_path_are_named() -> None:
    """Each one in braces is described, and nothing else is demanded."""
    for _, path, operation in OPERATIONS:
        demanded = {each["name"] for each in operation.get("parameters", ()) if each["required"]}

        assert demanded == set(re.findall(r"\{(\w+)\}", path))


def test_orders_are_described_as_they_are_read() -> None:
    """Both keys of the switch must be there, and no others."""
    order = DESCRIPTION["components"]["schemas"]["TrustOrder"]

    assert sorted(order["required"]) == ["allow_internal_untrusted_certs", "site"]
    assert order["additionalProperties"] is False


async def test_it_is_served(client) -> None:
    """As it is made."""
    answer = await client.get("/api/openapi.json")

    assert await answer.json() == msgspec.json.decode(msgspec.json.encode(DESCRIPTION))
    assert (await answer.json())["openapi"].startswith("3.1.")
