"""Rules about the health of servers; each finds its mistake and nothing else."""

import pytest

from proxy.settings.check_health import RULES
from proxy.settings.parse import parse
from proxy.settings.problems import SettingsInvalid

HEAD = '[server]\nname = "CAS01"\ncertificate = "tls.pem"\n'
SITE = '[[sites]]\nname = "HQ"\ndefault = true\nservers = ["https://cas01.hq.example/owa"]\n'


def complain(general: str = "", own: str = "", site: str = "") -> list[str]:
    """Give what is said, without the file's name and line."""
    text = f"{HEAD}[health]\n{general}\n{SITE}{site}\n[sites.health]\n{own}\n"
    try:
        parse(text, {}, {}, "a.toml")
    except SettingsInvalid as invalid:
        return [str(each).partition(": ")[2] for each in invalid.problems]
    return []


@pytest.mark.parametrize(
    "lines",
    [
        "",
        'path = "/"',
        'path = "/owa/auth/logon.aspx?x=%20"',
        'expect = "242"',
        'expect = ["200-299", "401"]',
        'interval = "1s"\ntimeout = "1s"',
        "failures = 0",
    ],
)
def test_good_ones_pass(lines):
    """In either table."""
    assert not complain(lines)
    assert not complain(own=lines)


@pytest.mark.parametrize(
    ("lines", "key", "sentence"),
    [
        ('path = "owa/"', "path", '"owa/" is not the path of a request. Write "/owa/".'),
        ('path = "/a b"', "path", '"/a b" is not the path of a request. For example: "/owa/".'),
        ('path = "/a#b"', "path", '"/a#b" is not the path of a request. For example: "/owa/".'),
        ('path = "/ä"', "path", '"/ä" is not the path of a request. For example: "/owa/".'),
        ("expect = []", "expect", 'With an empty expect no check could pass. Write "200-399", or leave the key out.'),
        (
            'expect = "2xx"',
            "expect",
            '"2xx" is not a status from 100 to 599, nor a range of them. For example: "200-399", or ["200", "401"].',
        ),
        (
            'expect = ["200", "399-200"]',
            "expect[1]",
            '"399-200" is a range that ends before it begins. For example: "200-399", or ["200", "401"].',
        ),
        (
            'interval = "500ms"\ntimeout = "100ms"',
            "interval",
            '"0.5s" is too short a time between two checks of a server. Write "1s" or more.',
        ),
        (
            'interval = "2s"',
            "interval",
            "A check may take 5s, and the next one is due after 2s. Let timeout be at most interval.",
        ),
        (
            'timeout = "1m"',
            "timeout",
            "A check may take 60s, and the next one is due after 10s. Let timeout be at most interval.",
        ),
    ],
)
def test_mistakes_are_told(lines, key, sentence):
    """Once, where they stand, in the general table and in a site's."""
    (general,), (own,) = complain(lines), complain(own=lines)

    assert sentence in general.replace('"500ms"', '"0.5s"')
    assert sentence in own.replace('"500ms"', '"0.5s"')
    assert general.startswith(f"health.{key}")
    assert own.startswith(f"sites.HQ.health.{key}")


def test_what_a_site_does_not_say_is_not_told_of_it():
    """The general mistake is told once."""
    assert len(complain('interval = "2s"', "fall = 1")) == 1


@pytest.mark.parametrize(("balance", "wrong"), [("ring", True), ("least_connections", True), ("round_robin", False)])
def test_clients_are_spread_by_their_address(balance, wrong):
    """Their affinity goes with one way of spreading only."""
    told = complain(site=f'affinity = "client"\nbalance = "{balance}"')

    assert bool(told) is wrong


def test_every_rule_is_looked_at():
    """The table holds all of them."""
    assert len(RULES) == 4
