"""The admin API is asked straight, with the token, within bounds; each kind of no has its words and its exit code."""

import json
import socket

import pytest

from proxy.admin.answers import LogLevel, Status
from proxy.cli.admin_client import Admin, NoAnswerError, Told, join, pretty
from proxy.cli.admin_place import AdminFault, Place
from tests.admin_double import DoubleState, admin_listener
from tests.admin_running import running_admin


@pytest.fixture
def running():
    """Run the real listener about a state."""
    with running_admin() as it:
        yield it


def asking(address: str, token: str = "s3cret-token", why: str = "") -> Admin:
    """Ask the listener at an address."""
    host, _, port = address.rpartition(":")
    return Admin(Place(host=host, port=int(port), name=address, token=token, why_no_token=why), 5.0)


def read_level(admin: Admin) -> LogLevel:
    """Ask for the log level."""
    return admin.read(admin.get("/api/log-level"), LogLevel)


def test_reading_and_changing(running):
    """What is told is read as its type, what is changed is changed."""
    admin = asking(running.address)

    assert admin.read(admin.get("/api/status"), Status).name == "CAS01"
    assert admin.read(admin.post("/api/log-level", {"level": "debug"}), LogLevel) == LogLevel(level="debug")
    assert running.state.level == "debug"


def test_a_query_is_escaped(running):
    """A site's name may hold anything."""
    admin = asking(running.address)

    assert json.loads(admin.get("/api/servers", {"site": "Zürich & Söhne #1?"})) == {"servers": []}


def test_no_proxy_of_the_environment(running, monkeypatch):
    """What the environment names for the web is not for this."""
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    assert asking(running.address).get("/api/log-level")


@pytest.mark.parametrize(
    ("token", "why", "words"),
    [
        ("", "", "--token-file"),
        ("wrong", "", "another one"),
        ("", "t cannot be read: Permission denied.", "t cannot be read: Permission denied."),
    ],
)
def test_a_missing_token_is_told(running, token, why, words):
    """3, in words of the command line: none was named, it is another one, or it cannot be read."""
    with pytest.raises(AdminFault, match=words) as caught:
        asking(running.address, token, why).post("/api/reload", {})
    assert caught.value.code == 3
    assert running.state.calls == []


@pytest.mark.parametrize(
    ("change", "order", "code", "words"),
    [
        ({"token": ""}, {"site": None, "allow_internal_untrusted_certs": 0}, 3, "server.admin_token_file"),
        ({}, {"site": "X", "allow_internal_untrusted_certs": 0}, 3, "There is no site X. Name one of HQ"),
        ({"takes_restart": True}, {"site": None, "allow_internal_untrusted_certs": 0}, 1, "takes a restart"),
        ({}, {"site": None}, 2, "no such order"),
    ],
)
def test_every_no_has_its_code(change, order, code, words):
    """1 the honest no, 2 usage, 3 all else; sentence and cure are the proxy's."""
    with running_admin(DoubleState(**change)) as running, pytest.raises(AdminFault, match=words) as caught:
        asking(running.address).post("/api/trust", order)
    assert caught.value.code == code


def test_a_no_that_is_an_answer():
    """A refused reload is told in the body."""
    with running_admin(DoubleState(reload_ok=False)) as running:
        body = asking(running.address).post("/api/reload", {}, also=(409,))

    assert json.loads(body)["reloaded"] is False


def test_nobody_there():
    """3, and the question that helps."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: refuses
        with pytest.raises(NoAnswerError, match=r"did not answer: .*Does the proxy run\?") as caught:
            asking(f"127.0.0.1:{taken.getsockname()[1]}").get("/api/status")
    assert caught.value.code == 3


def test_nobody_speaks():
    """Who does not answer is given up in time."""
    with socket.create_server(("127.0.0.1", 0)) as deaf, pytest.raises(NoAnswerError, match="did not answer"):
        Admin(Place(host="127.0.0.1", port=deaf.getsockname()[1], name="x"), 0.05).get("/api/status")


def test_a_name_that_is_no_name():
    """A host that cannot be one is no answer either."""
    with pytest.raises(NoAnswerError):
        Admin(Place(host="a..b\xfc" * 40, port=1, name="x"), 0.05).get("/api/status")


@pytest.mark.parametrize("status", [200, 404, 500])
@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"<html>", b'{"level": 3}'])
def test_somebody_else_answers(status, body):
    """Whatever is at the address, the end is a sentence."""
    with admin_listener(status, body) as (address, _), pytest.raises(AdminFault, match="answered"):
        read_level(asking(address))


def test_a_refusal_steers_no_terminal():
    """Words of others are cleaned."""
    body = json.dumps({"error": "\x1b[2Jgone", "cure": "\u202e"}).encode()
    with admin_listener(418, body) as (address, _), pytest.raises(AdminFault) as caught:
        asking(address).get("/api/status")
    assert str(caught.value) == r"\x1b[2Jgone \u202e"


def test_an_answer_without_end(monkeypatch):
    """It is read up to a bound."""
    monkeypatch.setattr("proxy.cli.admin_client.MAX_ANSWER", 10)
    with admin_listener(200, b"x" * 11) as (address, _), pytest.raises(AdminFault, match="more than 10 bytes"):
        asking(address).get("/api/status")


def stream(body: bytes) -> list[Told]:
    """Read a stream that says this and ends."""
    with admin_listener(200, body) as (address, _):
        return list(asking(address).follow({}))


def test_a_stream_is_read():
    """Numbers and records, after a first word that it is open; comments, other fields and line ends do not matter."""
    body = b'retry: 5\n: hello\n\nid: 7\nevent: record\ndata: {"a":1}\n\nid:8\r\ndata:{}\r\n\r\nid: x\n\ndata: cut off'

    assert stream(body) == [Told(0, b""), Told(7, b'{"a":1}'), Told(8, b"{}")]


def test_a_line_without_end(monkeypatch):
    """A stream's line has a bound, too."""
    monkeypatch.setattr("proxy.cli.admin_client.MAX_LINE", 100)

    with pytest.raises(AdminFault, match="a line of more than 100 bytes"):
        stream(b"data: " + b"x" * 200)


def test_a_stream_that_is_refused():
    """As every other refusal."""
    body = b'{"error": "32 follow the events already."}'
    with admin_listener(503, body) as (address, _), pytest.raises(AdminFault, match="32 follow the events already"):
        list(asking(address).follow({}))


def test_answers_are_laid_out():
    """Several become one object, and letters stay letters."""
    assert (
        pretty(join({"a": b'{"x":"\xc3\xbc"}', "b": b"[1]"}))
        == '{\n  "a": {\n    "x": "ü"\n  },\n  "b": [\n    1\n  ]\n}'
    )
