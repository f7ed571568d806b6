"""Handlers of what changes something: done as ordered, told as an event, and nothing else."""

import pytest

JSON = {"Content-Type": "application/json"}


def _told(state) -> list[tuple[str, str, str]]:
    """Give what was told of each change: what, who and the site."""
    return [
        (kept.event.parameters[1], kept.event.parameters[2], kept.event.site)
        for kept in state.recent.query()
        if kept.event.id == 1050
    ]


async def test_the_switch_of_a_site_is_turned(client, state, token) -> None:
    """The answer says what has changed and how many connections that cost, the event who it was."""
    answer = await client.post(
        "/api/trust", json={"site": "Branch", "allow_internal_untrusted_certs": 1}, headers=token
    )
    change = {
        "site": "Branch",
        "before": 0,
        "after": 1,
        "source_before": "sites.Branch.trust",
        "source_after": "admin API",
    }

    assert answer.status == 200
    assert await answer.json() == {"changes": [change], "connections_closed": 1}
    assert state.stands["Branch"].value == 1
    what = "allow_internal_untrusted_certs of site Branch 0 → 1 (sites.Branch.trust → admin API)"
    assert _told(state) == [(what, "127.0.0.1", "Branch")]


async def test_the_switch_of_all_is_turned(client, state, token) -> None:
    """Null is every site and the default; each is told of."""
    answer = await client.post("/api/trust", json={"site": None, "allow_internal_untrusted_certs": 0}, headers=token)

    assert [each["site"] for each in (await answer.json())["changes"]] == ["HQ", "Branch", "Partner", None]
    assert [site for _, _, site in _told(state)] == ["HQ", "Branch", "Partner", ""]
    assert "for every other site 1 → 0" in _told(state)[-1][0]


async def test_what_was_turned_is_taken_back(client, state, token) -> None:
    """Null as value; what stands there already changes nothing and is not told again."""
    order = {"site": "HQ", "allow_internal_untrusted_certs": 0}
    await client.post("/api/trust", json=order, headers=token)
    again = await client.post("/api/trust", json=order, headers=token)
    back = await client.post("/api/trust", json={**order, "allow_internal_untrusted_certs": None}, headers=token)

    assert (await again.json())["changes"] == []
    assert [(each["before"], each["after"]) for each in (await back.json())["changes"]] == [(0, 1)]
    assert len(_told(state)) == 2


async def test_an_unknown_site_is_404(client, state, token) -> None:
    """With the names there are; nothing is told, for nothing has changed."""
    answer = await client.post(
        "/api/trust", json={"site": "Nowhere", "allow_internal_untrusted_certs": 0}, headers=token
    )

    assert answer.status == 404
    assert "Branch" in (await answer.json())["cure"]
    assert _told(state) == []


async def test_a_switch_that_takes_a_restart_is_409(client, state, token) -> None:
    """As with the original, where the settings say so."""
    state.takes_restart = True

    answer = await client.post("/api/trust", json={"site": "HQ", "allow_internal_untrusted_certs": 0}, headers=token)

    assert answer.status == 409
    assert (await answer.json())["error"] == "The switch takes a restart."
    assert _told(state) == []


@pytest.mark.parametrize(("ok", "status"), [(True, 200), (False, 409)])
async def test_settings_are_read_anew(client, state, token, ok, status) -> None:
    """Or refused, with the sentence that says why; who asked is told in either case."""
    state.reload_ok = ok

    answer = await client.post("/api/reload", json={}, headers=token)
    told = await answer.json()

    assert (answer.status, told["reloaded"]) == (status, ok)
    assert told["sentence"]
    assert _told(state)[0][0] == ("settings read anew" if ok else "settings read anew and refused")


async def test_the_log_level_is_set(client, state, token) -> None:
    """Told once, for the second time changes nothing."""
    for _ in range(2):
        answer = await client.post("/api/log-level", json={"level": "debug"}, headers=token)
        assert await answer.json() == {"level": "debug"}

    assert state.level == "debug"
    assert [what for what, _, _ in _told(state)] == ["log.level info → debug"]


@pytest.mark.parametrize("path", ["/api/trust", "/api/reload", "/api/log-level"])
@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"{", b'{"x":1}', b"\xff\xfe", b'"' + b"x" * 100, b"[" * 2000, b'{"site":"\xed\xa0\x80"}'],
)
async def test_what_is_no_order_changes_nothing(client, state, token, path, body) -> None:
    """It is 400 with a cure."""
    answer = await client.post(path, data=body, headers={**token, **JSON})

    assert answer.status == 400
    assert (await answer.json())["cure"]
    assert state.calls == []
