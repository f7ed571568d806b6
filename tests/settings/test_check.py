"""Rules about the proxy itself; each finds its mistake and nothing else."""

import pytest

from proxy.settings.check import RULES, check_settings
from proxy.settings.parse import parse
from proxy.settings.problems import SettingsInvalid

SITE = '[[sites]]\nname = "HQ"\ndefault = true\nservers = ["https://cas01.hq.example/owa"]\n'


def complain(server, rest="") -> list[str]:
    """Give what is said about a [server] table, without the file's name."""
    certificate = "" if server.startswith("certificate =") else 'certificate = "tls.pem"\n'
    text = f"[server]\n{certificate}{server}\n{rest}\n{SITE}"
    try:
        parse(text, {}, {}, "a.toml")
    except SettingsInvalid as invalid:
        return [str(each).partition(": ")[2] for each in invalid.problems]
    return []


@pytest.mark.parametrize(
    "server",
    [
        'name = "CAS01"',
        'name = "cas01.hq.example"',
        'listen = ["127.0.0.1:8443", "[::1]:8443"]',
        'listen = "127.0.0.1:0"\nredirect_listen = "127.0.0.1:0"\nadmin = "127.0.0.1:0"',
        'admin = "[::1]:9643"',
        'admin = "0.0.0.0:9643"\nadmin_token_file = "token"',
        'trusted_proxies = ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]',
        'key = "tls.key"',
        "workers = 1",
        "workers = 256",
        'workers = "auto"',
    ],
)
def test_good_settings_pass(server):
    """What is right is not complained about."""
    assert not complain(server)


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ('name = "CAS 01"', 'server.name: "CAS 01" is not a server name'),
        ('name = "-"', 'server.name: "-" is not a server name'),
        ("listen = []", "server.listen: There is no address to listen on."),
        ('listen = "8443"', 'server.listen: "8443" has no port from 0 to 65535. Write host:port, for example "0.0.0.0'),
        ('listen = ["a:1", "a:1"]', 'server.listen[1]: "a:1" claims the same port as server.listen "a:1".'),
        ('admin = "127.0.0.1:8443"', 'server.admin: "127.0.0.1:8443" claims the same port as server.listen "0.0.0.0:'),
        ('redirect_listen = "[::]:8443"', 'server.redirect_listen: "[::]:8443" claims the same port'),
        ('admin = "0.0.0.0:9643"', 'server.admin: "0.0.0.0:9643" can be reached from other machines, so the admin API'),
        ('admin = "9643"', 'server.admin: "9643" has no port from 0 to 65535.'),
        ('admin_token = "a"\nadmin_token_file = "b"', "server.admin_token_file: admin_token and admin_token_file are"),
        ('state_dir = ""', "server.state_dir: The name of the directory is empty."),
        ('certificate = ""', "server.certificate: The name of the file is empty."),
        ('certificates = [{ certificate = "" }]', "server.certificates[0].certificate: The name of the file is empty."),
        ('certificates = [{ certificate = "tls.pem" }]', 'server.certificates[0].certificate: "tls.pem" is already'),
        ('certificates = [{ key = "x" }]', "server.certificates[0].certificate: This key is missing."),
        ("workers = 0", "server.workers: 0 is not from 1 to 256."),
        ("workers = 257", "server.workers: 257 is not from 1 to 256."),
        ('trusted_proxies = ["proxy"]', 'server.trusted_proxies[0]: "proxy" is not a network.'),
        (
            'trusted_proxies = ["10.0.0.1/8"]',
            'server.trusted_proxies[0]: "10.0.0.1/8" has bits set beyond its prefix. ',
        ),
    ],
)
def test_each_rule_finds_its_mistake(server, expected):
    """One mistake, one line."""
    (line,) = complain(server)

    assert line.startswith(expected)


@pytest.mark.parametrize("table", ["timeouts", "limits", "events"])
def test_zero_where_it_would_stop_everything(table):
    """Times and counts are positive; where 0 has a meaning it is taken."""
    keys = {"timeouts": 'connect = "0s"', "limits": "connections = 0", "events": 'provider = " "'}

    assert len(complain("", f"[{table}]\n{keys[table]}")) == 1
    assert not complain("", '[limits]\nbody_bytes = 0\n[events]\nthrottle = "0s"')


@pytest.mark.parametrize(("interval", "is_good"), [("0s", True), ("1ms", False), ("4.9s", False), ("5s", True)])
def test_looks_at_servers_keep_a_distance(interval, is_good):
    """A server is not looked at all the time; 0 switches it off."""
    lines = complain("", f'[monitor]\ninterval = "{interval}"')

    assert is_good or "is too short a time between two looks at a server." in lines[0]
    assert len(lines) == (0 if is_good else 1)


@pytest.mark.parametrize("server", ["listen = 1", "admin = 1", 'name = ["x"]', "workers = 2.5", "trusted_proxies = 1"])
def test_rules_leave_placeholders_alone(server):
    """A value that cannot be read is told once; no rule complains about what stands in for it."""
    assert len(complain(server)) == 1


def test_rules_are_a_table():
    """Every rule is called."""
    assert len(RULES) == len(set(RULES)) > 5
    assert check_settings.__module__ == "proxy.settings.check"
