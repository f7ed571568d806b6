"""Handlers of what only tells."""

import msgspec
import pytest

from proxy.admin.answers import Config, Connections, LogLevel, Policies, Servers, Sites, Status, Trust


async def test_alive_whatever_the_state(client, state) -> None:
    """`/livez` is 200 while the loop turns, also when not ready."""
    state.ready = False

    answer = await client.get("/livez")

    assert (answer.status, await answer.text()) == (200, "alive\n")


@pytest.mark.parametrize(("ready", "status", "words"), [(True, 200, "ready\n"), (False, 503, "not ready\n")])
async def test_ready_is_the_state(client, state, ready, status, words) -> None:
    """`/readyz` is 200 when ready, 503 before the start and while draining, and never cached."""
    state.ready = ready

    answer = await client.get("/readyz")

    assert (answer.status, await answer.text()) == (status, words)
    assert answer.headers["Cache-Control"] == "no-store"


async def test_metrics_are_told_in_prometheus_words(client) -> None:
    """As they come, with the type that a collector expects."""
    answer = await client.get("/metrics")

    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "casproxy_requests_in_flight 3\n" in await answer.text()


@pytest.mark.parametrize(
    ("path", "kind", "method"),
    [
        ("/api/sites", Sites, "sites"),
        ("/api/servers", Servers, "servers"),
        ("/api/policies", Policies, "policies"),
        ("/api/trust", Trust, "trust"),
        ("/api/connections", Connections, "connections"),
        ("/api/config", Config, "config"),
    ],
)
async def test_what_the_state_says_is_told(client, state, path, kind, method) -> None:
    """All of it, in the shape of its type."""
    said = getattr(state, method)()
    if not isinstance(said, kind):
        said = await said

    answer = await client.get(path)

    assert msgspec.json.decode(await answer.read(), type=kind) == said


async def test_status_knows_the_followers_losses(client, state) -> None:
    """The stream of events is a place that events go to, too."""
    told = msgspec.json.decode(await (await client.get("/api/status")).read(), type=Status)

    assert [(sink.name, sink.lost) for sink in told.sinks] == [("console", 0), ("event stream", 0)]
    assert msgspec.structs.replace(told, sinks=told.sinks[:1]) == await state.status()


async def test_log_level_is_told(client, state) -> None:
    """The one in force."""
    state.level = "debug"

    assert msgspec.json.decode(await (await client.get("/api/log-level")).read(), type=LogLevel).level == "debug"


@pytest.mark.parametrize(("path", "key"), [("/api/verdicts", "verdicts"), ("/api/servers", "servers")])
@pytest.mark.parametrize(
    ("query", "sites"),
    [
        ("", ["HQ", "Branch", "Partner"]),
        ("?site=", ["HQ", "Branch", "Partner"]),
        ("?site=branch", ["Branch"]),
        ("?site=Elsewhere", []),
    ],
)
async def test_a_site_can_be_chosen(client, path, key, query, sites) -> None:
    """Whatever the case; of an unknown one there is nothing to tell."""
    answer = await client.get(path + query)

    assert [each["site"] for each in (await answer.json())[key]] == sites
