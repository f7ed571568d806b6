"""Sinks are made as the settings ask for them."""

import msgspec
import pytest

from proxy.certkit.authority import Authority
from proxy.events.formats import Voice
from proxy.service.sinks import open_sink, wishes_of
from proxy.settings.events_schema import EventFile, Events, EventSyslog
from proxy.settings.schema import ServerSettings, Settings

VOICE = Voice(first_server="CAS01")
FILE = EventFile(path="a.json")


def asked(*files: EventFile, syslog: tuple[EventSyslog, ...] = (), throttle: float = 900.0):
    """List the wishes of settings."""
    events = Events(files=files, syslog=syslog, throttle=throttle)
    return wishes_of(Settings(server=ServerSettings(certificate="x"), events=events), VOICE)


@pytest.mark.parametrize(
    ("address", "transport", "name"),
    [
        ("logs.example", "udp", "collector udp://logs.example:514"),
        ("Logs.example:1514", "tcp", "collector tcp://logs.example:1514"),
        ("[2001:db8::1]", "tcp", "collector tcp://[2001:db8::1]:514"),
        ("logs.example", "tls", "collector tls://logs.example:6514"),
    ],
)
def test_a_collector_is_called_by_its_address(tmp_path, address, transport, name):
    """With the port that its transport has by default."""
    ca_file = tmp_path / "ca.pem"
    ca_file.write_bytes(Authority.create("Authority of collectors").certificate_pem)
    table = EventSyslog(address=address, transport=transport, ca_file=str(ca_file) if transport == "tls" else "")
    (wish,) = asked(syslog=(table,))

    assert open_sink(wish).name == name


def test_a_file_is_called_by_its_path():
    """Nothing is opened before it is started."""
    (wish,) = asked(FILE)

    assert open_sink(wish).name == "file a.json"


def test_what_is_asked_for_as_before_is_equal():
    """A reload that changes nothing about a place leaves it open."""
    assert asked(FILE) == asked(FILE, throttle=1.0)
    assert asked(FILE) != asked(msgspec.structs.replace(FILE, level="error"))


def test_a_period_matters_where_repeats_are_held_back():
    """Windows event XML is opened anew when `events.throttle` changes."""
    table = msgspec.structs.replace(FILE, format="xml")

    assert asked(table) != asked(table, throttle=1.0)


def test_other_authorities_are_another_wish(tmp_path):
    """A file that holds other certificates under the same name is read anew."""
    ca_file = tmp_path / "ca.pem"
    table = EventSyslog(address="logs.example", ca_file=str(ca_file))
    wishes = []
    for name in ("One", "Two"):
        ca_file.write_bytes(Authority.create(name).certificate_pem)
        wishes.append(asked(syslog=(table,)))

    assert wishes[0] != wishes[1]
