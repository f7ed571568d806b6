"""Events and access lines reach their places."""

import json

import pytest

from proxy.events.access import AccessEntry
from proxy.events.record import Event
from proxy.service.outlets import Logs
from proxy.settings.schema import Events, Log, ServerSettings, Settings

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


def test_without_an_access_log_there_is_nowhere_to_record():
    """`log.access = false`: exchanges are told so, and tick, reopen and close do without."""
    logs = Logs(settings(access=False), "CAS01")
    logs.tick(0.0)
    logs.reopen()
    logs.close()

    assert (logs.access, logs.outlets.record_access) == (None, None)


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
