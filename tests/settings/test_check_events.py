"""Rules about the places that events go to; each finds its mistake and nothing else."""

import pytest

from proxy.settings.parse import parse
from proxy.settings.problems import SettingsInvalid

UDP = 'transport = "udp"'
TEXT = """\
[server]
certificate = "tls.pem"
[log]
access_file = "access.log"
{events}
[[sites]]
name = "HQ"
default = true
servers = ["https://cas01.hq.example/owa"]
"""


def complain(events) -> list[str]:
    """Give what is said about the tables, without the file's name."""
    try:
        parse(TEXT.format(events=events), {}, {}, "a.toml")
    except SettingsInvalid as invalid:
        return [str(each).partition(": ")[2] for each in invalid.problems]
    return []


def file(path, more="") -> str:
    """Write a table of a file."""
    return f'[[events.files]]\npath = "{path}"\n{more}\n'


def collector(address, more="") -> str:
    """Write a table of a collector."""
    return f'[[events.syslog]]\naddress = "{address}"\n{more}\n'


@pytest.mark.parametrize(
    "events",
    [
        file("a.json"),
        file("a.json") + file("a.xml", 'format = "xml"\nlevel = "warning"\nmax_bytes = 4096\nkeep = 1'),
        collector("logs.example", UDP),
        collector("192.0.2.1", UDP) + collector("192.0.2.1", 'transport = "tcp"'),
        collector("[2001:db8::1]:1514", f'{UDP}\nfacility = "daemon"\nlevel = "error"'),
        collector("logs.example", 'ca_file = "ca.pem"'),
    ],
)
def test_good_settings_pass(events):
    """What is right is not complained about."""
    assert complain(events) == []


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (file(""), "events.files[0].path: The name of the file is empty."),
        (file("a") + file("a"), 'events.files[1].path: "a" is already events.files[0].path. Give each log a file'),
        (file("access.log"), 'events.files[0].path: "access.log" is already log.access_file.'),
        ("[[events.files]]", "events.files[0].path: This key is missing."),
        (file("a", "max_bytes = 100"), "events.files[0].max_bytes: 100 is"),
        (file("a", "keep = 0"), "events.files[0].keep: 0 is"),
        (collector("a b", UDP), "events.syslog[0].address: "),
        (
            collector("2001:db8::1", UDP),
            'events.syslog[0].address: "2001:db8::1" is not an address. Write "[2001:db8::1]:51',
        ),
        (collector("logs.example:0", UDP), 'events.syslog[0].address: "logs.example:0" has no port from 1 to 65535.'),
        (
            collector("a.b", UDP) + collector("a.b:514", UDP),
            'events.syslog[1].address: "a.b:514" is already events.syslog[0].',
        ),
        (collector("a.b"), "events.syslog[0].ca_file: With transport tls the authorities of the"),
        (
            collector("a.b", f'{UDP}\nca_file = "a"'),
            "events.syslog[0].ca_file: With transport udp nothing is verified.",
        ),
        (collector("a.b", f'{UDP}\nfacility = "local8"'), "events.syslog[0].facility: "),
        (collector("a.b", f'{UDP}\nlevel = "debug"'), "events.syslog[0].level: "),
    ],
)
def test_each_mistake_is_found(events, expected):
    """With the key, the value and what to write instead; nothing else is said."""
    told = complain(events)

    assert len(told) == 1
    assert told[0].startswith(expected)
