"""Rules about servers that know the users; each finds its mistake and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.settings.check_directory import ldap_address
from proxy.settings.parse import parse
from proxy.settings.problems import SettingsInvalid

LDAP = {
    "urls": '["ldaps://dc01.lab.example"]',
    "bind_dn": '"CN=casproxy,DC=lab"',
    "bind_password_file": '"secret"',
    "base_dn": '"DC=lab,DC=example"',
}
HTTP = {"check_url": '"https://users.lab.example/check"', "find_url": '"https://users.lab.example/find?x=1"'}


def lines(provider, tables, more='default_domain = "LAB"') -> tuple[list[str], list[str]]:
    """Give the mistakes and the warnings, without the file's name and line."""
    written = "".join(
        f"[directory.{name}]\n" + "".join(f"{key} = {value}\n" for key, value in table.items() if value)
        for name, table in tables.items()
    )
    choice = "default = true" if provider == "none" else "own = true"
    text = f"""[server]
certificate = "tls.pem"
[trust]
allow_internal_untrusted_certs = 0
[directory]
provider = "{provider}"
{more}
{written}[session]
{"" if provider == "none" else 'key_file = "session.keys"'}
[[sites]]
name = "HQ"
{choice}
servers = ["https://cas01.hq.example/owa"]
"""
    try:
        parsed = parse(text, {}, {}, "a.toml")
    except SettingsInvalid as invalid:
        return [str(each).partition(": ")[2] for each in invalid.problems], []
    return [], [str(each).partition(": ")[2] for each in parsed.warnings]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"urls": '"ldaps://dc01.lab.example:3269"'},
        {"urls": '["ldaps://192.0.2.1", "ldaps://[2001:db8::1]:636/"]'},
        {"user_filter": r'"(cn=a\\28b)"', "name_attribute": '"uid"', "upn_attribute": '""', "address_attributes": "[]"},
        {"ca_file": '"ca.pem"', "timeout": '"500ms"'},
    ],
)
def test_a_good_directory_passes(change):
    """What is right is not complained about."""
    assert lines("ldap", {"ldap": LDAP | change}) == ([], [])


def test_a_good_service_passes():
    """The same."""
    assert lines("http", {"http": HTTP}, "") == ([], [])
    assert lines("http", {"http": HTTP | {"token_file": '"token"'}}, 'remember = "5s"') == ([], [])


@pytest.mark.parametrize("key", LDAP)
def test_a_directory_needs_its_keys(key):
    """Each that is missing is named, with an example."""
    (line,), _ = lines("ldap", {"ldap": LDAP | {key: ""}})

    assert line.startswith(f'directory.ldap.{key}: directory.provider "ldap" needs directory.ldap.{key}, which ')
    assert f"For example: {key} = " in line


def test_a_directory_needs_a_domain():
    """Names without one would be nobody's."""
    (line,), _ = lines("ldap", {"ldap": LDAP}, "")

    assert line.startswith('directory.default_domain: directory.provider "ldap" needs directory.default_domain')


@pytest.mark.parametrize("key", HTTP)
def test_a_service_needs_its_keys(key):
    """Both."""
    (line,), _ = lines("http", {"http": HTTP | {key: ""}})

    assert line.startswith(f'directory.http.{key}: directory.provider "http" needs directory.http.{key}, which ')


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("urls", '["ldap://dc01.lab.example"]', "Passwords go over TLS only: write "),
        ("urls", '["ldaps://dc01.lab.example/dc=lab"]', 'Write "ldaps://dc01.lab.example"'),
        ("urls", '["ldaps://"]', "is not the address of an LDAP server with TLS"),
        ("urls", '["dc01.lab.example"]', "is not the address of an LDAP server with TLS"),
        ("urls", '["ldaps://dc01:99999"]', "is not the address of an LDAP server with TLS"),
        ("bind_dn", '"casproxy"', '"casproxy" is not a distinguished name.'),
        ("base_dn", '"lab.example"', '"lab.example" is not a distinguished name.'),
        ("user_filter", '"objectClass=user"', "is not one filter in parentheses."),
        ("user_filter", '"(a=b)(c=d)"', "is not one filter in parentheses."),
        ("user_filter", '"(a=b"', "is not one filter in parentheses."),
        ("user_filter", '"(a=b))"', "is not one filter in parentheses."),
        ("user_filter", '""', "is not one filter in parentheses."),
        ("user_filter", '")a=b("', "is not one filter in parentheses."),
        ("name_attribute", '"uid)(x"', "is not the name of an attribute"),
        ("sid_attribute", '"object Sid"', "is not the name of an attribute"),
        ("address_attributes", '["mail", ""]', "is not the name of an attribute"),
        ("name_attribute", '""', "which holds the name of a user."),
        ("timeout", '"0s"', "This must be more than zero."),
    ],
)
def test_mistakes_about_a_directory(key, value, words):
    """One line, at the key."""
    (line,), _ = lines("ldap", {"ldap": LDAP | {key: value}})

    assert line.startswith(f"directory.ldap.{key}")
    assert words in line


@pytest.mark.parametrize(
    "url",
    ["http://users.lab.example", "https://", "https://u.example/#x", "https://a b/"],
)
@pytest.mark.parametrize("key", HTTP)
def test_mistakes_about_a_service(key, url):
    """Only https, and nothing behind the query."""
    (line,), _ = lines("http", {"http": HTTP | {key: f'"{url}"'}})

    assert line.startswith(f'directory.http.{key}: "{url}" is not an https URL.')


@pytest.mark.parametrize("url", ["https://me:pw@users.lab.example/", "http://me:pw@u.example", "me:pw@u.example/find"])
@pytest.mark.parametrize("key", HTTP)
def test_nobody_in_the_url_of_a_service_is_shown(key, url):
    """A message may end in a log or a ticket."""
    (line,), _ = lines("http", {"http": HTTP | {key: f'"{url}"'}})

    assert line.startswith(f"directory.http.{key}: The URL holds a user name or a password, which do not belong here.")
    assert "pw" not in line


@pytest.mark.parametrize("url", ["ldaps://me:pw@dc01.lab.example", "ldap://me:pw@dc01", "me:pw@dc01"])
def test_nobody_in_the_url_of_a_directory_is_shown(url):
    """The same."""
    (line,), _ = lines("ldap", {"ldap": LDAP | {"urls": f'["{url}"]'}})

    assert line.startswith("directory.ldap.urls: The URL holds a user name or a password, which do not belong here.")
    assert "pw" not in line


def test_tables_of_another_provider_are_doubted():
    """They are not used."""
    (ldap,) = lines("http", {"http": HTTP, "ldap": LDAP})[1]
    (http,) = lines("none", {"http": HTTP}, "")[1]
    (users,) = lines("ldap", {"ldap": LDAP}, 'default_domain = "LAB"\nusers_file = "users.toml"')[1]

    assert ldap.startswith(
        'directory.ldap: ldap is not used: directory.provider is "http". Set directory.provider = "l'
    )
    assert http.startswith('directory.http: http is not used: directory.provider is "none", so nobody signs in. Set ')
    assert users.startswith('directory.users_file: users_file is not used: directory.provider is "ldap". Set ')


def test_times_of_remembering():
    """Long enough to look a user up again; longer while the directory is down."""
    (line,), _ = lines("http", {"http": HTTP}, 'remember = "4s"')
    _, (warning,) = lines("http", {"http": HTTP}, 'remember = "2m"\nremember_down = "1m"')

    assert line.startswith('directory.remember: "4s" is too short to look users up again')
    assert warning.startswith('directory.remember_down: remember_down is shorter than remember, so "120s" counts.')


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("ldaps://dc01.lab.example", ("dc01.lab.example", 636)),
        ("ldaps://[::1]:3269", ("::1", 3269)),
        ("ldaps://DC01:1636/", ("dc01", 1636)),
    ],
)
def test_an_address_has_a_port(url, address):
    """636 when none is written."""
    assert ldap_address(url) == address


@given(st.text() | st.text().map("ldaps://{}".format))
def test_no_text_fails_in_another_way(url):
    """It is an address, or it is not."""
    try:
        host, port = ldap_address(url)
    except ValueError:
        return
    assert host
    assert 0 < port < 65_536
