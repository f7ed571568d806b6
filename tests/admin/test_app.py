"""The admin listener: alive, ready, and deaf to foreign names."""

import asyncio

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestClient, TestServer

from proxy.admin.app import ROUTES, Admin, is_local_name, make_app


class State:
    """Ready or not, as told."""

    def __init__(self) -> None:
        self.ready = True
        self.token = ""

    def is_ready(self) -> bool:
        """Tell."""
        return self.ready

    def verdicts(self) -> list[dict[str, object]]:
        """Give one for each of two sites."""
        return [{"site": "HQ", "verdict": None}, {"site": "Branch", "verdict": {"trusted": False}}]

    def admin_token(self) -> str:
        """Give the token."""
        return self.token


@pytest.fixture
async def state() -> State:
    """Make a state that is ready."""
    return State()


@pytest.fixture
async def client(state):
    """Ask a listener that tells about the state."""
    async with TestClient(TestServer(make_app(state))) as asking:
        yield asking


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


async def test_a_foreign_name_is_refused(client) -> None:
    """A page whose name was made to resolve to loopback gets 421 and nothing else."""
    answer = await client.get("/readyz", headers={"Host": "rebound.example"})

    assert answer.status == 421
    assert "ready" not in await answer.text()


@pytest.mark.parametrize("path", [*ROUTES, "/nothing"])
async def test_no_library_is_named(client, path) -> None:
    """No answer tells which library or version is at work, not even a 404."""
    answer = await client.get(path)

    assert answer.headers["Server"] == "casproxy"
    assert "aiohttp" not in (await answer.text()).lower()


@pytest.mark.parametrize("path", ROUTES)
async def test_only_reading(client, path) -> None:
    """A POST is 405: these routes change nothing."""
    assert (await client.post(path)).status == 405


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


async def test_start_and_stop() -> None:
    """`start` returns the port that was chosen, `stop` frees it and may come twice."""
    admin = Admin(State())
    port = await admin.start("127.0.0.1", 0)
    async with ClientSession() as session, session.get(f"http://127.0.0.1:{port}/readyz") as answer:
        status = answer.status
    await admin.stop()
    await admin.stop()

    assert status == 200
    with pytest.raises(OSError, match=r".+"):
        await asyncio.open_connection("127.0.0.1", port)


async def test_a_taken_port_is_an_os_error() -> None:
    """An address that another has is told as it is; `stop` works all the same."""
    first, second = Admin(State()), Admin(State())
    port = await first.start("127.0.0.1", 0)
    try:
        with pytest.raises(OSError, match=r".+"):
            await second.start("127.0.0.1", port)
    finally:
        await second.stop()
        await first.stop()


async def test_verdicts_are_told(client) -> None:
    """All of them, or those of the site that is asked for, whatever the case; never cached."""
    everything = await client.get("/api/verdicts")
    branch = await client.get("/api/verdicts?site=branch")
    nobody = await client.get("/api/verdicts?site=Elsewhere")

    assert [each["site"] for each in (await everything.json())["verdicts"]] == ["HQ", "Branch"]
    assert [each["site"] for each in (await branch.json())["verdicts"]] == ["Branch"]
    assert (await nobody.json())["verdicts"] == []
    assert everything.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("shown", "status"),
    [
        ("Bearer s3cret", 200),
        ("bearer s3cret", 200),
        ("Bearer  s3cret ", 200),
        (None, 401),
        ("", 401),
        ("Bearer", 401),
        ("Bearer s3cre", 401),
        ("Bearer s3cretx", 401),
        ("Basic s3cret", 401),
        ("Bearer b\u00e4d", 401),
    ],
)
async def test_the_api_demands_the_token(client, state, shown, status) -> None:
    """Where there is one; alive and ready stay open, for those who check health know none."""
    state.token = "s3cret"
    headers = {} if shown is None else {"Authorization": shown}

    answer = await client.get("/api/verdicts", headers=headers)

    assert answer.status == status
    assert ("WWW-Authenticate" in answer.headers) is (status == 401)
    assert (await client.get("/readyz")).status == 200
