"""Rules about sites; each finds its mistake and nothing else."""

import pytest

from proxy.settings.check_sites import RULES
from proxy.settings.parse import parse
from proxy.settings.problems import SettingsInvalid

SERVER = '[server]\nname = "CAS01"\ncertificate = "tls.pem"\n'
HQ = '[[sites]]\nname = "HQ"\ndefault = true\nservers = ["https://cas01.hq.example/owa"]\n'
BRANCH = '[[sites]]\nname = "Branch"\nhosts = ["branch.example"]\nservers = ["https://cas02.branch.example/owa"]\n'


def complain(text) -> list[str]:
    """Give what is said about sites, without the file's name and line."""
    try:
        parse(SERVER + text, {}, {}, "a.toml")
    except SettingsInvalid as invalid:
        return [str(each).partition(": ")[2] for each in invalid.problems]
    return []


@pytest.mark.parametrize(
    "more",
    [
        "",
        'hosts = ["hq.example", "localhost", "192.0.2.1", "2001:db8::1"]',
        'paths = ["/hq", "/a/b_c-d"]',
        '[sites.routes."/owa/ev.owa".timeouts]\nresponse_head = "10m"',
        '[sites.trust]\nca_mode = "only"\nca_files = ["a.pem"]',
    ],
)
def test_good_sites_pass(more):
    """What is right is not complained about."""
    assert not complain(HQ + more)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "There is no site, so there is nothing to proxy to."),
        (HQ + BRANCH.replace('"Branch"', '"hq"'), 'sites.hq.name: There is already a site "HQ"; case does not count.'),
        (HQ.replace('"HQ"', '"a.b"'), 'sites."a.b".name: "a.b" is not a site name'),
        (HQ.replace('"HQ"', '""'), 'sites[0].name: "" is not a site name'),
        (HQ + 'hosts = ["BRANCH.example"]\n' + BRANCH, 'sites.Branch.hosts[0]: "branch.example" already belongs to t'),
        (HQ + 'hosts = ["a.example:443"]', 'sites.HQ.hosts[0]: "a.example:443" is not a bare host name. Write "a.ex'),
        (HQ + 'hosts = ["https://a.example/owa"]', 'sites.HQ.hosts[0]: "https://a.example/owa" is not a bare host na'),
        (HQ + 'hosts = ["me:pw@a.example"]', 'sites.HQ.hosts[0]: "…@a.example" is not a bare host name. Write "a.exam'),
        (HQ + 'hosts = ["*.example"]', 'sites.HQ.hosts[0]: "*.example" is not a bare host name. There are no wildcar'),
        (HQ + 'hosts = ["https://a b/owa"]', 'sites.HQ.hosts[0]: "https://a b/owa" is not a bare host name.'),
        (HQ.replace('"https:', '{tls_name=1,url="https:').replace('owa"]', 'owa"}]'), "sites.HQ.servers[0].tls_n"),
        (HQ + 'paths = ["/"]', 'sites.HQ.paths[0]: "/" would take every request. Set default = true instead.'),
        (HQ + 'paths = ["hq"]', 'sites.HQ.paths[0]: "hq" is not a plain path prefix: no escapes, no dots alone, no q'),
        (HQ + 'paths = ["/a%20b"]', 'sites.HQ.paths[0]: "/a%20b" is not a plain path prefix'),
        (HQ + 'paths = ["/a/../b"]', 'sites.HQ.paths[0]: "/a/../b" is not a plain path prefix'),
        (HQ + 'paths = ["/a", "/A/"]', 'sites.HQ.paths[1]: "/A/" already belongs to the site "HQ".'),
        (HQ + BRANCH + "default = true", 'sites.Branch.default: The site "HQ" is already the default; there can be o'),
        (HQ.replace("https://", "http://"), 'sites.HQ.servers[0]: "http://cas01.hq.example/owa" is not an https URL.'),
        (HQ.replace('owa"', 'owa", "https://CAS01.hq.example/OWA/"'), 'sites.HQ.servers[1]: "https://CAS01.hq.example'),
        (HQ.replace('"https:', '{connect_to="a:0",url="https:').replace('owa"]', 'owa"}]'), "sites.HQ.servers[0].con"),
        (HQ.replace('"https:', '{tls_name="a b",url="https:').replace('owa"]', 'owa"}]'), "sites.HQ.servers[0].tls_n"),
        (HQ.replace('"https:', '{connect_to="[",url="https:').replace('owa"]', 'owa"}]'), "sites.HQ.servers[0].conne"),
        (HQ + '[sites.routes."owa".limits]', 'sites.HQ.routes.owa: "owa" is not a plain path prefix'),
        (HQ + '[sites.routes]\n"/a" = {}\n"/A/" = {}', 'sites.HQ.routes."/A/": "/A/" stands twice'),
        (HQ + "routes = 1", "sites.HQ.routes: This is a whole number, but the key takes tables with names of their o"),
        (HQ + "[sites.routes]\n'/a' = 1", 'sites.HQ.routes."/a": This is a whole number, but a table belongs here.'),
    ],
)  # fmt: skip
def test_each_rule_finds_its_mistake(text, expected):
    """One mistake, one line."""
    (line,) = complain(text)

    assert line.startswith(expected)


@pytest.mark.parametrize("key", ["servers = 1", "hosts = 1", "paths = [1]", "default = 2", "name = 1", "trust = 1"])
def test_rules_leave_placeholders_alone(key):
    """A value that cannot be read is told once; no rule complains about what stands in for it."""
    name = key.partition(" ")[0]
    lines = [line for line in HQ.splitlines() if not line.startswith(name)]

    assert len(complain("\n".join([*lines, key]))) == 1


def test_rules_are_a_table():
    """Every rule stands in it once."""
    assert len(RULES) == len(set(RULES)) > 5
