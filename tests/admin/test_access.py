"""Who may ask what: names, origins, the token and the form of a request."""

import asyncio

import pytest

from proxy.admin.access import is_local_name
from proxy.admin.routes import ROUTES

CHANGES = {
    "/api/trust": {"site": "Branch", "allow_internal_untrusted_certs": 1},
    "/api/reload": {},
    "/api/log-level": {"level": "debug"},
}
GUARDED = sorted(
    route.path.format(sequence=1)
    for route in ROUTES
    if route.method == "GET" and not route.is_open and not route.path.endswith("stream")
)
OPEN = ["/livez", "/readyz", "/", "/ca", "/ca.pem"]


def test_every_change_is_tried_here() -> None:
    """A route that changes something cannot be added without these tests knowing it."""
    assert {route.path for route in ROUTES if route.changes} == set(CHANGES)
    assert not any(route.is_open for route in ROUTES if route.changes)


async def _raw(client, text: bytes) -> int:
    """Send bytes as they are; gives the status."""
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(text)
    line = await reader.readline()
    writer.close()
    return int(line.split()[1])


# ── names ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["/readyz", "/", "/api/status", "/nothing"])
async def test_a_foreign_name_is_refused(client, path) -> None:
    """A page whose name was made to resolve to loopback gets 421 and nothing else."""
    answer = await client.get(path, headers={"Host": "rebound.example"})

    assert answer.status == 421
    assert set(await answer.json()) == {"error", "cure"}


async def test_the_token_vouches_for_a_name(client, token) -> None:
    """A collector of metrics may use the name of a container; a rebound page knows no token."""
    named = {"Host": "casproxy:9643"}

    assert (await client.get("/metrics", headers={**named, **token})).status == 200
    assert (await client.get("/metrics", headers={**named, "Authorization": "Bearer wrong"})).status == 421


@pytest.mark.parametrize(
    "hosts", [b"", b"Host: 127.0.0.1\r\nHost: rebound.example\r\n", b"Host: \xff\r\n", b"Host:\r\n"]
)
async def test_no_name_and_two_names_are_refused(client, hosts) -> None:
    """Which of two counts is a matter of opinion."""
    assert await _raw(client, b"GET /readyz HTTP/1.1\r\n" + hosts + b"\r\n") in {400, 421}


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:9643",
        "[::1]",
        "[::1]:9643",
        "localhost",
        "LOCALHOST:1",
        "localhost.",
        "a.localhost:80",
        "10.0.0.7",
    ],
)
def test_local_names(host) -> None:
    """IP addresses and localhost pass, with and without a port: nobody can make them resolve elsewhere."""
    assert is_local_name(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        ":80",
        "rebound.example",
        "localhost.example",
        "127.0.0.1.example:80",
        "::1",
        "[127.0.0.1]",
        "[::1",
        "localhost:x",
        "[]",
    ],
)
def test_foreign_names(host) -> None:
    """Everything else is foreign, malformed or missing."""
    assert not is_local_name(host)


# ── origins ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "fields",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://localhost:1"},
        {"Origin": "http://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "nonsense"},
    ],
)
@pytest.mark.parametrize("path", CHANGES)
async def test_pages_of_others_change_nothing(client, state, token, path, fields) -> None:
    """Not even with the token: a page at another port of localhost is another origin."""
    answer = await client.post(path, json=CHANGES[path], headers={**token, **fields})

    assert answer.status == 403
    assert state.calls == []


@pytest.mark.parametrize("path", GUARDED)
async def test_pages_of_others_read_nothing(client, path) -> None:
    """Reading is refused to them as well, though they could not see the answer."""
    assert (await client.get(path, headers={"Sec-Fetch-Site": "cross-site"})).status == 403
    assert (await client.get(path, headers={"Origin": "https://evil.example"})).status == 403


async def test_links_of_others_lead_to_the_page(client) -> None:
    """The dashboard can be opened from anywhere; what it shows it asks for itself."""
    assert (await client.get("/", headers={"Sec-Fetch-Site": "cross-site"})).status == 200


@pytest.mark.parametrize("site", ["same-origin", "none"])
async def test_our_own_page_may(client, state, token, site) -> None:
    """`Origin` with our own address and port is ours, in either scheme: something may speak TLS before us."""
    own = f"127.0.0.1:{client.port}"
    for origin in (f"http://{own}", f"https://{own}"):
        headers = {**token, "Origin": origin, "Sec-Fetch-Site": site}
        assert (await client.post("/api/reload", json={}, headers=headers)).status == 200

    assert state.calls == ["reload", "reload"]


async def test_two_origins_are_not_ours(client, token) -> None:
    """One that is does not excuse one that is not."""
    own = f"127.0.0.1:{client.port}".encode()
    head = b"POST /api/reload HTTP/1.1\r\nHost: %b\r\nAuthorization: %b\r\nContent-Type: application/json\r\n" % (
        own,
        token["Authorization"].encode(),
    )
    tail = b"Content-Length: 2\r\nConnection: close\r\n\r\n{}"

    assert await _raw(client, head + b"Origin: http://%b\r\n" % own + tail) == 200
    assert await _raw(client, head + b"Origin: http://%b\r\nOrigin: null\r\n" % own + tail) in {400, 403}


# ── token ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", CHANGES)
async def test_nobody_changes_anything_without_a_token(client, state, path) -> None:
    """Where none is set it is 403 and says how to set one, whatever is shown."""
    state.token = ""

    for shown in ("Bearer ", "Bearer x", ""):
        answer = await client.post(path, json=CHANGES[path], headers={"Authorization": shown})
        assert answer.status == 403
        assert "server.admin_token_file" in (await answer.json())["cure"]

    assert state.calls == []


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize("guarded", [True, False])
async def test_changing_takes_the_token(client, state, token, path, guarded) -> None:
    """On loopback, too."""
    state.guarded_reads = guarded
    refused = await client.post(path, json=CHANGES[path])
    done = await client.post(path, json=CHANGES[path], headers=token)

    assert refused.status == 401
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="casproxy"'
    assert done.status == 200
    assert len(state.calls) == 1


@pytest.mark.parametrize("path", GUARDED)
async def test_reading_takes_the_token_where_strangers_reach_us(client, state, token, path) -> None:
    """On loopback it does not, elsewhere it does."""
    free = await client.get(path)
    state.guarded_reads = True
    refused, told = await client.get(path), await client.get(path, headers=token)

    assert free.status != 401
    assert refused.status == 401
    assert told.status == free.status


async def test_reading_without_a_token_is_for_this_machine(client, state) -> None:
    """Where strangers reach us and no token is set, nobody reads anything."""
    state.guarded_reads, state.token = True, ""

    answer = await client.get("/api/status", headers={"Authorization": "Bearer "})

    assert answer.status == 403
    assert "server.admin_token_file" in (await answer.json())["cure"]


@pytest.mark.parametrize("path", OPEN)
async def test_what_is_open_stays_open(client, state, path) -> None:
    """Those who check health know no token, and the page itself asks for it."""
    state.guarded_reads = True

    assert (await client.get(path)).status != 401


@pytest.mark.parametrize(
    ("shown", "status"),
    [
        ("Bearer s3cret-token", 200),
        ("bearer s3cret-token", 200),
        ("Bearer  s3cret-token ", 200),
        (None, 401),
        ("", 401),
        ("Bearer", 401),
        ("Bearer s3cret-toke", 401),
        ("Bearer s3cret-tokenx", 401),
        ("Basic s3cret-token", 401),
        ("Bearer b\u00e4d", 401),
    ],
)
async def test_only_the_token_is_the_token(client, state, shown, status) -> None:
    """The scheme in any case, the token exactly."""
    state.guarded_reads = True
    headers = {} if shown is None else {"Authorization": shown}

    answer = await client.get("/api/verdicts", headers=headers)

    assert answer.status == status
    assert ("WWW-Authenticate" in answer.headers) is (status == 401)


async def test_bytes_that_are_no_text_are_no_token(client, state) -> None:
    """They are refused, not stumbled over; two tokens are none."""
    state.guarded_reads = True
    head = b"GET /api/trust HTTP/1.1\r\nHost: localhost\r\n"
    good = b"Authorization: Bearer s3cret-token\r\n"

    assert await _raw(client, head + good + b"\r\n") == 200
    assert await _raw(client, head + b"Authorization: Bearer \xe4\xff\r\n\r\n") == 401
    assert await _raw(client, head + good + good + b"\r\n") in {400, 401}
    assert state.recent.query() == []


# ── form ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/jsonp",
        "",
    ],
)
async def test_orders_must_be_called_json(client, state, token, kind) -> None:
    """Forms of foreign pages can send the other types without asking."""
    answer = await client.post("/api/reload", data=b"{}", headers={**token, "Content-Type": kind})

    assert answer.status == 415
    assert state.calls == []


async def test_a_charset_may_be_said(client, token) -> None:
    """UTF-8 is what JSON is in."""
    headers = {**token, "Content-Type": "application/json; charset=UTF-8"}

    assert (await client.post("/api/reload", data=b"{}", headers=headers)).status == 200


@pytest.mark.parametrize("query", ["?sote=Branch", "?site=HQ&x=1", "?site=HQ&site=Branch", "?%00=1"])
async def test_parameters_that_mean_nothing_are_refused(client, query) -> None:
    """They were meant to mean something; so were two where one counts."""
    answer = await client.get(f"/api/servers{query}")

    assert answer.status == 400
    assert (await answer.json())["cure"]
