"""Events and access lines reach their places, on a reload other ones."""

import asyncio
import json
import socket
import ssl

import msgspec
import pytest

from proxy.events.access import AccessEntry
from proxy.events.record import Event
from proxy.service.outlets import Logs
from proxy.settings.events_schema import EventFile, Events, EventSyslog
from proxy.settings.schema import Log, ServerSettings, Settings
from tests.loopback import until

ENTRY = AccessEntry(0.0, b"192.0.2.7", b"id", b"GET", b"/owa/", 200, 2, 0, 0.1)


def settings(**log: object) -> Settings:
    """Make settings with this `[log]`."""
    return Settings(
        server=ServerSettings(certificate="x"), log=Log(**{"format": "json", **log}), events=Events(provider="P")
    )


def test_events_go_to_standard_error(capfd):
    """As JSON lines with our name and provider, at the latest with the next tick."""
    logs = Logs(settings(access=False), "CAS01")
    logs.outlets.emit(Event(id=43, parameters=("CAS01", "cas02")))
    logs.tick(0.0)
    logs.close()

    written = capfd.readouterr()
    record = json.loads(written.err.splitlines()[0])
    assert (written.out, record["event.code"], record["event.provider"]) == ("", "43", "P")
    assert record["observer.name"] == "CAS01"


def test_access_lines_go_to_standard_output(capfd):
    """With the next tick, not one by one."""
    logs = Logs(settings(), "CAS01")
    logs.outlets.record_access(ENTRY)
    before = capfd.readouterr().out
    logs.tick(0.0)
    after = capfd.readouterr().out
    logs.close()

    assert (before, json.loads(after)["url.path"]) == ("", "/owa/")


def test_the_access_file_can_be_moved_away(tmp_path):
    """After `reopen` lines go to a new file of the name; `close` writes what waits."""
    file = tmp_path / "access.log"
    logs = Logs(settings(access_file=str(file)), "CAS01")
    logs.outlets.record_access(ENTRY)
    file.rename(tmp_path / "old.log")
    logs.reopen()
    logs.outlets.record_access(ENTRY)
    logs.close()

    assert [len(path.read_text().splitlines()) for path in (tmp_path / "old.log", file)] == [1, 1]


def test_without_an_access_log_requests_are_counted_only(capfd):
    """`log.access = false`: nothing is written, and whoever counts requests still hears of them."""
    batches = []
    logs = Logs(settings(access=False), "CAS01", count=batches.append)
    logs.outlets.record_access(ENTRY)
    logs.tick(0.0)
    logs.reopen()
    logs.close()

    assert (batches, capfd.readouterr().out) == ([[ENTRY]], "")


def test_a_file_that_cannot_be_opened_is_told(tmp_path):
    """At the start, before anything is served."""
    with pytest.raises(FileNotFoundError):
        Logs(settings(access_file=str(tmp_path / "gone" / "access.log")), "CAS01")


@pytest.mark.parametrize(("variable", "colour"), [("NO_COLOR", True), ("OTHER", False)])
def test_colour_can_be_declined(monkeypatch, capfd, variable, colour):
    """By `NO_COLOR` or the flag: no escape sequence is written."""
    monkeypatch.setenv(variable, "1")
    logs = Logs(settings(format="text", access=False), "CAS01", colour=colour)
    logs.outlets.emit(Event(id=43, parameters=("CAS01", "cas02")))
    logs.close()

    assert "\x1b" not in capfd.readouterr().err


# ── files, collectors, memory, reload ────────────────────────────────────────────────────────────

REFUSAL = Event(id=43, parameters=("CAS01", "cas02"), server="cas02", reason="expired")


def with_sinks(*sinks: EventFile | EventSyslog, **changes: object) -> Settings:
    """Make settings with these places for events."""
    files = tuple(each for each in sinks if isinstance(each, EventFile))
    syslog = tuple(each for each in sinks if isinstance(each, EventSyslog))
    plain = settings(**{"access": False, **changes})
    return msgspec.structs.replace(plain, events=msgspec.structs.replace(plain.events, files=files, syslog=syslog))


def started(given: Settings) -> Logs:
    """Open the places and begin."""
    logs = Logs(given, "CAS01")
    asyncio.run(logs.start())
    return logs


def codes(path) -> list[str]:
    """Give the numbers of the events in a file."""
    return [json.loads(line)["event.code"] for line in path.read_text().splitlines()] if path.exists() else []


def wait(condition, complaint):
    """Wait for what a sink's thread does."""
    asyncio.run(until(condition, complaint))


def test_events_go_to_every_place(tmp_path, capfd):
    """Console, memory, JSON file, XML file and collector; each by itself, what comes before the start, too."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        given = with_sinks(
            EventFile(path=str(tmp_path / "a.json")),
            EventFile(path=str(tmp_path / "a.xml"), format="xml", level="warning"),
            EventSyslog(address=f"{host}:{port}", transport="tcp", facility="daemon"),
        )
        logs = Logs(given, "CAS01")
        logs.hub.emit(REFUSAL)
        asyncio.run(logs.start())
        logs.hub.emit(REFUSAL)
        logs.hub.emit(Event(id=14, parameters=("CAS01",)))
        logs.close()
        accepted, _ = server.accept()
        with accepted:
            received = b""
            while piece := accepted.recv(10_000):
                received += piece

    assert codes(tmp_path / "a.json") == ["43", "43", "14"]
    assert (tmp_path / "a.xml").read_text().count('<EventID Qualifiers="32768">43</EventID>') == 2  # first, summary
    assert [kept.event.id for kept in logs.recent.query()] == [43, 43, 14]
    assert (received.count(b"<28>1 "), received.count(b"<30>1 ")) == (2, 1)
    assert len(capfd.readouterr().err.splitlines()) == 3
    assert logs.losses() == {
        "console": 0,
        "access log": 0,
        f"file {tmp_path}/a.json": 0,
        f"file {tmp_path}/a.xml": 0,
        f"collector tcp://127.0.0.1:{port}": 0,
    }


def test_a_dead_place_is_told_and_its_end_too(tmp_path, capfd):
    """Events 1046 and 1045; the others get everything meanwhile, and so does the dead one afterwards."""
    dead, alive = tmp_path / "dead.json", tmp_path / "alive.json"
    dead.mkdir()
    logs = started(with_sinks(EventFile(path=str(dead)), EventFile(path=str(alive))))
    logs.hub.emit(REFUSAL)

    def told(number):
        logs.tick(0.0)
        return str(number) in codes(alive)

    wait(lambda: told(1046), "the failure is not told")
    counted = []
    logs.tell = lambda event: (counted.append(event.id), logs.hub.emit(event))
    dead.rmdir()
    logs.reopen()
    wait(lambda: told(1045), "the recovery is not told")
    logs.close()
    again = [json.loads(line) for line in dead.read_text().splitlines()]

    assert [each["event.code"] for each in again] == codes(alive) == ["43", "1046", "1045"]
    assert counted == [1045]
    assert again[1]["casproxy.note"] == "Is a directory."
    assert again[2]["message"] == f'"CAS01" writes to file {dead} again; records lost: 0.'
    assert len(capfd.readouterr().err.splitlines()) == 3


def test_every_file_is_opened_anew(tmp_path):
    """After all were moved away, lines go to new files of their names."""
    names = [tmp_path / "events.json", tmp_path / "access.log"]
    given = with_sinks(EventFile(path=str(names[0])), access=True, access_file=str(names[1]))
    logs = started(given)
    for _ in range(2):
        logs.hub.emit(REFUSAL)
        logs.outlets.record_access(ENTRY)
        logs.tick(0.0)
        wait(lambda: codes(names[0]), "the event does not arrive")
        if not list(tmp_path.glob("*.old")):
            for each in names:
                each.rename(f"{each}.old")
            logs.reopen()
    logs.close()

    assert [len(path.read_text().splitlines()) for path in sorted(tmp_path.iterdir())] == [1, 1, 1, 1]


def test_a_reload_opens_what_is_new_and_closes_what_is_gone(tmp_path):
    """A place that is asked for as before stays as it is; each gets what happens while it is asked for."""
    stays, goes, comes = (EventFile(path=str(tmp_path / name)) for name in ("stays", "goes", "comes"))
    logs = started(with_sinks(stays, goes))
    kept = logs._boxes[next(iter(logs._boxes))]
    logs.hub.emit(REFUSAL)
    logs.adopt(with_sinks(comes, stays))
    logs.hub.emit(Event(id=14, parameters=("CAS01",)))
    logs.close()

    assert kept in logs._boxes.values()
    assert {name: codes(tmp_path / name) for name in ("stays", "goes", "comes")} == {
        "stays": ["43", "14"],
        "goes": ["43"],
        "comes": ["14"],
    }
    assert [each.event.id for each in logs.recent.query()] == [43, 14]


def test_reloads_before_the_start_and_after_another_leave_nothing_running(tmp_path):
    """What is asked for at the start begins there; what has ended is forgotten with the next reload."""
    one, two = (EventFile(path=str(tmp_path / name)) for name in ("one", "two"))
    logs = Logs(with_sinks(one), "CAS01")
    logs.adopt(with_sinks(two))
    asyncio.run(logs.start())
    logs.hub.emit(REFUSAL)
    logs.adopt(with_sinks(one))
    wait(lambda: not any(box.is_alive for box in logs._ending), "the old place does not end")
    logs.adopt(with_sinks(one))
    left = logs._ending
    logs.close()

    assert (left, codes(tmp_path / "one"), codes(tmp_path / "two")) == ([], [], ["43"])


def test_a_reload_that_fails_changes_nothing(tmp_path):
    """An access log that cannot be opened, authorities that cannot be used: the old places go on."""
    (tmp_path / "ca.pem").write_text("no PEM")
    logs = started(with_sinks(EventFile(path=str(tmp_path / "a.json"))))
    for given, fault in (
        (with_sinks(access=True, access_file=str(tmp_path / "no" / "where")), FileNotFoundError),
        (with_sinks(EventSyslog(address="logs.test", ca_file=str(tmp_path / "gone.pem"))), FileNotFoundError),
        (with_sinks(EventSyslog(address="logs.test", ca_file=str(tmp_path / "ca.pem"))), ssl.SSLError),
    ):
        with pytest.raises(fault):
            logs.adopt(given)
    logs.hub.emit(REFUSAL)
    logs.close()

    assert codes(tmp_path / "a.json") == ["43"]


def test_a_reload_changes_voice_format_and_access_log(tmp_path, capfd):
    """Provider, look of the console and where requests are written are the new ones from then on."""
    logs = started(settings(access=False))
    logs.hub.emit(REFUSAL)
    file = tmp_path / "access.log"
    changed = settings(format="text", access_file=str(file))
    logs.adopt(msgspec.structs.replace(changed, events=Events(provider="Q")))
    logs.outlets.record_access(ENTRY)
    logs.hub.emit(REFUSAL)
    logs.close()
    first, second, *_ = capfd.readouterr().err.splitlines()

    assert json.loads(first)["event.provider"] == "P"
    assert "WARN  Q 43" in second
    assert len(file.read_text().splitlines()) == 1


def test_the_level_at_run_time_lasts_until_the_settings_change_it(capfd):
    """A reload that says nothing about it leaves it; one that does wins."""
    logs = started(settings(access=False))
    shown = []
    for level, given in (
        ("error", None),
        ("error", settings(access=False)),
        ("info", settings(access=False, level="warning")),
    ):
        if given is None:
            logs.set_level(level)
        else:
            logs.adopt(given)
        logs.hub.emit(REFUSAL)
        logs.hub.tick()
        shown.append((logs.level, len(capfd.readouterr().err.splitlines())))
    logs.close()

    assert shown == [("error", 0), ("error", 0), ("warning", 1)]
