"""Rules about what leads to a site; each finds its mistake and nothing else."""

import pytest

from proxy.settings.check_choice import RULES
from proxy.settings.parse import parse
from proxy.settings.problems import SettingsInvalid
from proxy.settings.resolve import to_topology

SERVER = '[server]\nname = "CAS01"\ncertificate = "tls.pem"\n'
ENFORCE = "[trust]\nallow_internal_untrusted_certs = 0\n"
FILE = (
    SERVER
    + ENFORCE
    + '[directory]\nprovider = "file"\nusers_file = "users.toml"\n[session]\nkey_file = "session.keys"\n'
)
HQ = '[[sites]]\nname = "HQ"\nservers = ["https://cas01.hq.example/owa"]\n'
OWN = '[[sites]]\nname = "Home"\nown = true\nservers = ["https://cas09.home.example/owa"]\n'
BRANCH = '[[sites]]\nname = "Branch"\nservers = ["https://cas02.branch.example/owa"]\n'
SERVERS = 'servers = ["https://cas01.hq.example/owa"]\n'


def lines(text) -> tuple[list[str], list[str]]:
    """Give the mistakes and the warnings, without the file's name and line."""
    try:
        parsed = parse(text, {}, {}, "a.toml")
    except SettingsInvalid as invalid:
        return [str(each).partition(": ")[2] for each in invalid.problems], []
    return [], [str(each).partition(": ")[2] for each in parsed.warnings]


@pytest.mark.parametrize(
    "text",
    [
        SERVER + HQ + 'default = true\nexternal_url = ""\nredirect = "manual"\nown = false\nlegacy_url = ""',
        FILE + OWN + HQ,
        FILE + HQ + "own = true\n" + BRANCH,
        FILE + HQ + "own = true\n" + BRANCH + 'external_url = "https://mail.branch.example/owa"\nredirect = "silent"',
        FILE + OWN + HQ + 'external_url = "https://mail.hq.example:8443"',
        FILE + OWN + HQ.replace(SERVERS, 'external_url = "https://mail.hq.example/owa/"'),
        FILE + OWN + HQ + 'legacy_url = "https://legacy.hq.example/exchange"',
        FILE + OWN + HQ + 'compat = "exchange2010"',
        SERVER + HQ + 'default = true\ncompat = ""',
        FILE + OWN + HQ + "hosts = []\npaths = []\ndefault = false",
    ],
)
def test_good_sites_pass(text):
    """What is right is not complained about: with a provider no site needs hosts, paths or default."""
    assert lines(text) == ([], [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SERVER + HQ.replace(SERVERS, "default = true"), "sites.HQ.servers: The site has no server."),
        (
            SERVER + HQ + 'default = true\nexternal_url = "https://mail.example/owa"',
            (
                'sites.HQ.external_url: Nobody is redirected while directory.provider is "none", for only a mailbox '
                "tells who belongs there. Set directory.provider, or leave external_url out."
            ),
        ),
        (
            FILE + OWN + HQ + 'hosts = ["hq.example"]',
            (
                'sites.HQ.hosts: hosts has no meaning while directory.provider is "file": the site of the user\'s '
                "mailbox is used, whatever host and path were asked for. Leave hosts out."
            ),
        ),
        (FILE + OWN + HQ + 'paths = ["/hq"]', "sites.HQ.paths: paths has no meaning while directory.provider is"),
        (FILE + OWN + HQ + "default = true", "sites.HQ.default: default has no meaning while directory.provider is"),
        (
            FILE + OWN + HQ + 'external_url = "http://a.example/owa"',
            'sites.HQ.external_url: "http://a.example/owa" is not',
        ),
        (FILE + OWN + HQ + 'external_url = "https://a.example/mail"', "sites.HQ.external_url: "),
        (FILE + OWN + HQ + 'external_url = "https://a.example/owa?x"', "sites.HQ.external_url: "),
        (
            FILE + OWN + HQ + 'external_url = "https://u:p@a.example/owa"',
            "sites.HQ.external_url: The URL holds a user name",
        ),
        (FILE + OWN + HQ + 'external_url = "https://a.example:0/owa"', "sites.HQ.external_url: "),
        (FILE + OWN + HQ + 'legacy_url = "http://a.example/exchange"', "sites.HQ.legacy_url: "),
        (FILE + OWN + HQ + 'legacy_url = "legacy.example"', "sites.HQ.legacy_url: "),
        (SERVER + HQ + 'default = true\nlegacy_url = "ftp://a.example"', "sites.HQ.legacy_url: "),
        (
            SERVER + HQ + 'default = true\ncompat = "exchange2010"',
            'sites.HQ.compat: "exchange2010" tells the servers who signed in, and nobody signs in while directory.pr',
        ),
        (FILE + OWN + HQ + 'redirect = "loud"', 'sites.HQ.redirect: "loud" is not one of "manual", "silent".'),
        (FILE + HQ + "own = 1", "sites.HQ.own: 1 is a whole number, but the key takes true or false. Write true."),
        (
            FILE + HQ + "own = true\n" + BRANCH + "own = true",
            'sites.Branch.own: The site "HQ" is already our own; the proxy stands in one.',
        ),
    ],
)
def test_each_rule_finds_its_mistake(text, expected):
    """One mistake, one line."""
    (line,), _ = lines(text)

    assert line.startswith(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SERVER + HQ, "sites.HQ: No request can reach this site. Give it hosts, paths or default = true."),
        (
            SERVER + HQ + "default = true\nown = true",
            (
                'sites.HQ.own: own has no meaning while directory.provider is "none": it is about users with a '
                "mailbox. Set directory.provider, or leave own out."
            ),
        ),
        (SERVER + HQ + 'default = true\nredirect = "silent"', "sites.HQ.redirect: redirect has no meaning while"),
        (SERVER + HQ + 'default = true\nlegacy_url = "https://a.example"', "sites.HQ.legacy_url: legacy_url has no m"),
        (
            FILE + OWN + HQ.replace(SERVERS, ""),
            (
                "sites.HQ: This site has neither a server nor an external_url, so its users get an error page and "
                "event 81 (or 41). Name its servers, or the external_url where its users are sent."
            ),
        ),
        (
            FILE + HQ.replace(SERVERS, 'own = true\nexternal_url = "https://mail.example/owa"'),
            "sites.HQ: This site is our own and has no server, so its users get an error page and event 80.",
        ),
        (FILE + HQ, "sites: No site is our own, so nothing answers Autodiscover. Set own = true for the site that t"),
        (FILE + OWN + HQ + 'redirect = "silent"', "sites.HQ.redirect: redirect has no effect without external_url"),
    ],
)
def test_what_will_hardly_be_meant_is_a_warning(text, expected):
    """It can be used, but is told."""
    mistakes, (line,) = lines(text)

    assert not mistakes
    assert line.startswith(expected)


@pytest.mark.parametrize(
    "key", ["hosts = 1", "paths = [1]", "default = 2", "external_url = 1", "own = 2", "redirect = 1"]
)
def test_rules_leave_placeholders_alone(key):
    """A value that cannot be read is told once; no rule complains about what stands in for it."""
    assert len(lines(FILE + OWN + HQ + key)[0]) == 1
    assert len(lines(SERVER + HQ + "default = true\n" * (not key.startswith("default")) + key)[0]) == 1


def test_without_a_known_provider_nothing_is_said_of_sites():
    """A provider that does not exist is the one mistake, whatever the sites hold."""
    text = FILE.replace('"file"', '"winnt"') + HQ + 'hosts = ["a.example"]\nexternal_url = "https://b.example"'
    (line,), _ = lines(text)

    assert line.startswith('directory.provider: "winnt" is not one of "none", "file", "ldap", "http".')


def test_rules_are_a_table():
    """Every rule stands in it once."""
    assert len(RULES) == len(set(RULES)) > 1


def test_a_server_without_tls_is_a_mistake_while_nobody_signs_in():
    """There would be no user to tell that the mailbox cannot be reached."""
    mistakes, _ = lines(SERVER + HQ.replace("https://", "http://") + "default = true")

    assert mistakes[0].startswith('sites.HQ.servers[0]: "http://cas01.hq.example/owa" is not an https URL.')


def test_a_server_without_tls_is_told_of_where_users_sign_in():
    """Nothing is sent to it; its users get event 42."""
    text = FILE + OWN + BRANCH.replace("https://", "http://")
    mistakes, warnings = lines(text)
    (site,) = (each for each in to_topology(parse(text, {}, {}, "a.toml"), {}).sites if each.name == "Branch")

    assert mistakes == []
    assert [line for line in warnings if "event 42" in line]
    assert site.reachable == ()
