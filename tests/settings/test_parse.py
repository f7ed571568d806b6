"""Layers, origins and problems of a whole configuration."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proxy.settings.parse import Parsed, parse
from proxy.settings.problems import SettingsInvalid

MINIMAL = """\
[server]
name = "CAS01"
certificate = "tls.pem"

[[sites]]
name = "HQ"
default = true
servers = ["https://cas01.hq.example/owa"]

[[sites]]
name = "Branch"
hosts = ["branch.example"]
servers = [
  "https://cas02.branch.example/owa",
  { url = "https://cas03.branch.example/owa", connect_to = "192.0.2.3:444" },
]
"""


def read(text=MINIMAL, environment=None, flags=None) -> Parsed:
    """Parse with nothing around it."""
    return parse(text, environment or {}, flags or {}, "casproxy.toml")


def complaints(text=MINIMAL, environment=None, flags=None) -> list[str]:
    """Give the lines that an administrator reads."""
    with pytest.raises(SettingsInvalid) as caught:
        read(text, environment, flags)
    return [str(each) for each in caught.value.problems]


def test_defaults_stand_for_what_is_absent():
    """A minimal file gives the documented defaults, each with the origin `default`."""
    parsed = read()

    assert (
        parsed.settings.server.workers,
        parsed.settings.timeouts.connect,
        parsed.settings.limits.body_bytes,
    ) == (1, 5.0, 36_700_160)
    assert str(parsed.origins["timeouts.connect"]) == "default"
    assert str(parsed.origins["server.name"]) == "file casproxy.toml:2"


def test_flag_wins_over_environment_over_file_over_default():
    """Each layer covers the one below it, and the origin tells which one won."""
    text = MINIMAL.replace("[server]", '[server]\nadmin = "127.0.0.1:1"')
    environment = {"CASPROXY_SERVER__ADMIN": "127.0.0.1:2"}
    seen = [
        read(),
        read(text),
        read(text, environment),
        read(text, environment, {"server.admin": "127.0.0.1:3"}),
    ]

    assert [each.settings.server.admin for each in seen] == [
        "127.0.0.1:9643",
        "127.0.0.1:1",
        "127.0.0.1:2",
        "127.0.0.1:3",
    ]
    assert [str(each.origins["server.admin"]) for each in seen] == [
        "default",
        "file casproxy.toml:2",
        "environment CASPROXY_SERVER__ADMIN",
        "flag --admin",
    ]


def test_flags_that_were_not_given_change_nothing():
    """None stands for a flag that is absent."""
    assert read() == read(flags={"server.listen": None})


@pytest.mark.parametrize("written", ["0", "false"])
@pytest.mark.parametrize("spelling", ["allow_internal_untrusted_certs", "AllowInternalUntrustedCerts"])
def test_switch_takes_both_spellings(written, spelling):
    """The registry's spelling of the switch is the same key."""
    parsed = read(f"{MINIMAL}[trust]\n{spelling} = {written}\n")

    assert parsed.settings.trust.allow_internal_untrusted_certs is False
    assert str(parsed.origins["trust.allow_internal_untrusted_certs"]) == "file casproxy.toml:18"


def test_both_spellings_at_once_are_refused():
    """Nobody has to know which of two spellings would win."""
    text = f"{MINIMAL}[trust]\nallow_internal_untrusted_certs = 0\nAllowInternalUntrustedCerts = 0\n"

    assert any("are the same key" in each for each in complaints(text))


@pytest.mark.parametrize("written", ["2", "-1", "1.0", '"1"', '"yes"', "[1]", "{}", "1979-05-27", "nan"])
def test_switch_takes_nothing_else(written):
    """Anything but 0, 1, true and false is a mistake."""
    (line,) = complaints(f"{MINIMAL}[trust]\nallow_internal_untrusted_certs = {written}\n")

    assert line.startswith("casproxy.toml:18: trust.allow_internal_untrusted_certs: ")
    assert "it takes only 0, 1, true or false" in line


@pytest.mark.parametrize("written", ["", "2", "yes", " 1", "TRUE", "01"])
def test_switch_in_the_environment_takes_nothing_else_either(written):
    """An empty or approximate variable does not turn the switch."""
    (line,) = complaints(environment={"CASPROXY_TRUST__ALLOW_INTERNAL_UNTRUSTED_CERTS": written})

    assert line.startswith("environment CASPROXY_TRUST__ALLOW_INTERNAL_UNTRUSTED_CERTS: trust.allow_int")


def test_site_is_reached_from_the_environment_by_name():
    """A variable names the site, not its position."""
    name = "CASPROXY_SITES__BRANCH__TRUST__ALLOW_INTERNAL_UNTRUSTED_CERTS"
    parsed = read(
        environment={name: "0", "CASPROXY_SITES__BRANCH__SERVERS": "https://a.example/owa, https://b.example"}
    )

    hq, branch = parsed.settings.sites
    assert (hq.trust.allow_internal_untrusted_certs, branch.trust.allow_internal_untrusted_certs) == (None, False)
    assert [each.url for each in branch.servers] == ["https://a.example/owa", "https://b.example"]
    assert str(parsed.origins["sites.Branch.trust.allow_internal_untrusted_certs"]) == f"environment {name}"
    assert str(parsed.origins["sites.Branch.servers[0].url"]) == "environment CASPROXY_SITES__BRANCH__SERVERS"


def test_flag_problem_names_the_flag_not_the_file():
    """A wrong value is told with the place it came from."""
    (line,) = complaints(flags={"sites.Branch.servers": "http://a.example/owa"})

    assert line == (
        'flag --sites-Branch-servers: sites.Branch.servers[0]: "http://a.example/owa" is not an https URL. '
        'Write "https://a.example/owa".'
    )


def test_all_problems_are_told_at_once_in_order_of_the_file():
    """One run shows everything that must be mended, with key path, line and suggestion."""
    text = """\
[server]
name = "CAS01"
certificate = "tls.pem"
listn = "0.0.0.0:8443"
workers = 0
[timeouts]
connect = 5
[limits]
body_bytes = "35MB"
[[sites]]
name = "Branch"
default = 1
servers = ["http://cas02.branch.example/owa",
  { url = "https://cas03.branch.example/owa", conect_to = "x" }]
[sites.timeouts]
request_head = "3s"
"""
    assert complaints(text) == [
        "casproxy.toml:4: server.listn: No setting has this name. Did you mean listen?",
        'casproxy.toml:5: server.workers: 0 is not from 1 to 256. Write "auto" for one for each processor.',
        (
            'casproxy.toml:7: timeouts.connect: 5 has no unit; the key takes a time such as "30s", "5m" or "250ms". '
            'Write "5s".'
        ),
        'casproxy.toml:9: limits.body_bytes: "35MB" is not a whole number of bytes. Write 36700160.',
        "casproxy.toml:12: sites.Branch.default: 1 is a whole number, but the key takes true or false. Write true.",
        (
            'casproxy.toml:13: sites.Branch.servers[0]: "http://cas02.branch.example/owa" is not an https URL. '
            'Write "https://cas02.branch.example/owa".'
        ),
        "casproxy.toml:14: sites.Branch.servers[1].conect_to: No setting has this name. Did you mean connect_to?",
        (
            "casproxy.toml:16: sites.Branch.timeouts.request_head: No setting has this name. "
            "It is settled before the site is known: write it under [timeouts]."
        ),
    ]


def test_problem_carries_both_paths():
    """Programs get the path by position, people the one by name."""
    with pytest.raises(SettingsInvalid) as caught:
        read(MINIMAL.replace('"https://cas02', '"http://cas02'))

    (problem,) = caught.value.problems
    assert (problem.path, problem.name) == ("sites[1].servers[0]", "sites.Branch.servers[0]")


def test_missing_keys_are_told_with_an_example():
    """A key that must be there is named where it should stand."""
    lines = complaints('[server]\nname = "CAS01"\n[[sites]]\nservers = ["https://a.example"]\ndefault = true\n')

    assert lines == [
        'casproxy.toml:1: server.certificate: This key is missing. For example: certificate = "/etc/casproxy/tls.pem".',
        'casproxy.toml:3: sites[0].name: This key is missing. For example: name = "Branch".',
    ]


def test_an_empty_file_is_told_what_is_missing():
    """Nothing at all is a configuration without certificate and sites."""
    lines = complaints("")

    assert [each.split(": ", 2)[0] for each in lines] == ["casproxy.toml", "casproxy.toml"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a = "x\n', 1),
        ("a = 1\na = 2\n", 3),
        ("[server\n", 1),
        ("x", 1),
        ("a = " + "[" * 5000, None),
        ("a = " + "1" * 5000, 1),
        ('[server]\ncertificate = "C:\\certs"', 2),
        ("a = 1\n\x00", 2),
    ],
)
def test_broken_toml_is_one_problem_with_its_line(text, line):
    """A text that is no TOML is told once, whatever Python says to it."""
    with pytest.raises(SettingsInvalid) as caught:
        read(text)

    (problem,) = caught.value.problems
    assert line is None or abs(problem.origin.line - line) <= 1
    assert "\n" not in str(problem)


def test_backslashes_get_their_cure():
    """People who come from Windows write backslashes."""
    (line,) = complaints('[server]\ncertificate = "C:\\certs\\tls.pem"\n')

    assert "single quotes" in line


def test_byte_order_mark_is_passed_over():
    """Editors on Windows put one in front."""
    assert read().settings == read("\ufeff" + MINIMAL).settings


def test_unknown_variable_is_refused_with_a_suggestion():
    """A misspelled variable does not go unnoticed."""
    (line,) = complaints(environment={"CASPROXY_TRSUT__CA_FILES": "a.pem"})

    assert line == (
        "environment CASPROXY_TRSUT__CA_FILES: No setting has this name. Did you mean CASPROXY_TRUST__CA_FILES?"
    )


def test_unsuitable_values_below_a_winning_layer_are_told_too():
    """A mistake in the file is told even while a variable covers it."""
    text = MINIMAL + "[timeouts]\nconnect = 5\n"

    assert len(complaints(text, {"CASPROXY_TIMEOUTS__CONNECT": "5s"})) == 1


def test_secrets_are_not_shown_in_problems():
    """A token that cannot be read is not printed."""
    for token in ("12345678", '["geheim12345678"]', '"geheim12345678\\u0007"'):
        lines = complaints(MINIMAL.replace("[server]", f"[server]\nadmin_token = {token}"))

        assert not re.search("12345678", "\n".join(lines))


TOML_TEXT = st.one_of(
    st.text(),
    st.text(alphabet='[]{}=.,"\'#\n \\abc0123456789:-+_'),
    st.lists(
        st.sampled_from([*MINIMAL.splitlines(), "[trust]", "[sites.trust]", "[[server.certificates]]", "[sites]",
                         "allow_internal_untrusted_certs = 7", "ca_files = 3", "routes = []", 'routes."/a" = 1',
                         "sites = 1", "sites = [1]", "server = []", "timeouts = 1", "connect = inf", "x.y.z = 1",
                         "listen = [1]", "connect = 0x" + "f" * 5000, "listen = [0x" + "f" * 5000 + "]",
                         'servers = "x"', "servers = {}", 'name = "\\u0000"', "name = 1",
                         'hosts = ["*.x"]', 'trusted_proxies = ["10.0.0.1/8", "x"]', 'url = "https://[::1/"'])
    ).map("\n".join),
)  # fmt: skip

VALUES = st.recursive(
    st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.dates(), st.none()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(
    text=TOML_TEXT,
    environment=st.dictionaries(
        st.one_of(
            st.sampled_from(["CASPROXY_SERVER__LISTEN", "CASPROXY_SITES__HQ__SERVERS", "CASPROXY_LIMITS__BODY_BYTES"]),
            st.text().map("CASPROXY_".__add__),
        ),
        st.text(),
    ),
    flags=st.dictionaries(
        st.one_of(st.sampled_from(["server.listen", "sites.HQ.servers", "timeouts.drain", "sites.HQ"]), st.text()),
        VALUES,
    ),
)
@example(text="sites=[{}]", environment={}, flags={})
@example(text='sites=[{name="a-b"},{name="a b"}]', environment={"CASPROXY_SITES__A_B__SERVERS": "x"}, flags={})
@settings(max_examples=300, deadline=None)
def test_any_input_gives_settings_or_problems(text, environment, flags):
    """No text, variable or flag leads to anything but settings or a list of problems, one line each."""
    lines = []
    try:
        parsed = parse(text, environment, flags, "casproxy.toml")
    except SettingsInvalid as fault:
        lines = [str(each) for each in fault.problems]

    assert all(len(each.splitlines()) == 1 for each in lines)
    assert lines or parsed.settings.sites
