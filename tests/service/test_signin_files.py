"""Users and keys are looked at before anybody signs in."""

import base64

import pytest

from proxy.certkit.authority import Authority
from proxy.directory.phc import MOST, Costs
from proxy.service import signin_files
from proxy.service.load import Loaded, load
from proxy.settings.keys import key_named
from proxy.settings.problems import SettingsInvalid
from proxy.settings.signin_schema import Directory

AUTHORITY = Authority.create("Test authority")
LEAF = AUTHORITY.issue("cas01.example")
TEXT = """\
[server]
name = "CAS01"
certificate = "tls.pem"
[trust]
allow_internal_untrusted_certs = 0
[directory]
provider = "file"
users_file = "users.toml"
[session]
key_file = "session.keys"
[[sites]]
name = "HQ"
own = true
servers = ["https://cas01.hq.example/owa"]
[[sites]]
name = "Branch"
external_url = "https://mail.branch.example/owa"
"""
USERS = """\
config_version = 1
[[users]]
name = 'LAB\\alice'
addresses = ["alice@lab.example"]
site = "hq"
[[users]]
name = 'LAB\\bob'
site = "Branch"
[[users]]
name = 'LAB\\printer'
"""
KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Make a working directory with a good configuration."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.toml").write_text(TEXT)
    (tmp_path / "tls.pem").write_bytes(LEAF.certificate_pem + LEAF.key_pem)
    (tmp_path / "users.toml").write_text(USERS)
    (tmp_path / "session.keys").write_text(f"# made in May\n{KEY}\n")
    return tmp_path


def read() -> Loaded:
    """Load the configuration of the working directory."""
    return load("a.toml", {}, {})


def complaints() -> list[str]:
    """Give the lines that an administrator reads."""
    with pytest.raises(SettingsInvalid) as caught:
        read()
    return [str(each) for each in caught.value.problems]


def test_good_files_pass():
    """Users with a mailbox in a known site, or with none, and keys: nothing is said."""
    loaded = read()

    assert loaded.warnings == ()
    assert (loaded.settings.directory.users_file, loaded.settings.session.key_file) == ("users.toml", "session.keys")
    assert [(site.own, site.external_url) for site in loaded.topology.sites] == [
        (True, ""),
        (False, "https://mail.branch.example/owa"),
    ]


def test_missing_files_are_told_together(folder):
    """Neither users nor keys: both are told, with what is wrong besides."""
    for name in ("users.toml", "session.keys", "tls.pem"):
        (folder / name).unlink()

    assert [line.partition(" Relative")[0] for line in complaints()] == [
        'a.toml:3: server.certificate: The file "tls.pem" does not exist.',
        'a.toml:8: directory.users_file: The file "users.toml" does not exist.',
        'a.toml:10: session.key_file: The file "session.keys" does not exist.',
    ]


def test_every_mistake_about_users_has_its_line(folder):
    """The line of the users file stands beside the key that names it."""
    (folder / "users.toml").write_text(USERS + "nam = 1\n[[users]]\nname = 'bob'\n")
    first, second = complaints()

    assert first.startswith('a.toml:8: directory.users_file: users.toml:11: "nam" is no key of a user.')
    assert second.startswith('a.toml:8: directory.users_file: users.toml:13: name: "bob" is not a domain and a user.')


@pytest.mark.parametrize("content", ["[[users", "", "config_version = 2\n", "users = 1\nconfig_version = 1\n"])
def test_what_is_no_users_file(folder, content):
    """It is told in one line, with the file's name."""
    (folder / "users.toml").write_text(content)
    (line,) = complaints()

    assert line.startswith("a.toml:8: directory.users_file: users.toml:")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("users.toml", "directory.users_file: users.toml:2: This is not UTF-8. Save the file as UTF-8."),
        (
            "session.keys",
            'session.key_file: "session.keys" cannot be used: Line 2 is not UTF-8; save the file as UTF-8',
        ),
    ],
)
def test_files_are_text(folder, name, told):
    """What is not UTF-8 is told with its line."""
    (folder / name).write_bytes(b"# \xc3\xa4\n# \xe4\n")
    (line,) = complaints()

    assert f": {told}" in line


def test_a_byte_order_mark_does_not_count(folder):
    """Editors of another system write one, into either file."""
    for name in ("users.toml", "session.keys"):
        (folder / name).write_text("\ufeff" + (folder / name).read_text())

    assert read().warnings == ()


def test_a_file_without_users_is_doubted(folder):
    """It can be used, but by nobody."""
    (folder / "users.toml").write_text("config_version = 1\n")
    (warning,) = read().warnings

    assert str(warning) == (
        'a.toml:8: directory.users_file: "users.toml" holds no user, so nobody can sign in. Add a [[users]] table.'
    )


def test_a_mailbox_in_an_unknown_site_is_doubted(folder):
    """User and site are named, once for each site, with the nearest name; whoever has one signs in in vain."""
    (folder / "users.toml").write_text(
        USERS
        + "[[users]]\nname = 'LAB\\carol'\nsite = \"brunch\"\n"
        + "".join(f"[[users]]\nname = 'LAB\\u{each}'\nsite = \"Mars\"\n" for each in range(3))
    )
    carol, others = map(str, read().warnings)

    assert carol == (
        r'a.toml:8: directory.users_file: The mailbox of "LAB\carol" is in the site "brunch", which no [[sites]] table '
        "is named after; they can sign in, but nothing serves them. Did you mean Branch?"
    )
    assert others == (
        r'a.toml:8: directory.users_file: The mailbox of "LAB\u0" and 2 more is in the site "Mars", which no [[sites]] '
        "table is named after; they can sign in, but nothing serves them."
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "There is no key in it"),
        ("# nothing\n", "There is no key in it"),
        (f"{KEY}\nsecret-of-mine\n", "Line 2 is no key"),
        (f"{KEY}\n{KEY}\n", "Line 2 repeats the key of line 1"),
        (KEY[:-1], "Line 1 is no key"),
    ],
)
def test_keys_that_cannot_be_used(folder, content, words):
    """The line is named, and what stands in it is not shown."""
    (folder / "session.keys").write_text(content)
    (line,) = complaints()

    assert line.startswith(f'a.toml:10: session.key_file: "session.keys" cannot be used: {words}')
    assert "secret-of-mine" not in line
    assert KEY[:-1] not in line


def test_without_a_provider_no_file_is_read(folder):
    """Keys that are not used are told as such, not by what their files hold."""
    text = TEXT.replace('"file"', '"none"').replace("own = true\n", "default = true\n")
    (folder / "a.toml").write_text(text.partition('[[sites]]\nname = "Branch"')[0])
    (folder / "users.toml").unlink()
    (folder / "session.keys").unlink()

    assert [each.name for each in read().warnings] == ["directory.users_file", "session.key_file"]


def test_costs_that_can_be_set_are_accepted_of_a_hash():
    """No setting makes a hash that the proxy then refuses; the defaults are the same."""
    keys = [key_named(Directory, name) for name in ("argon2_memory", "argon2_iterations", "argon2_lanes")]

    assert [key.meta.le for key in keys] == list(MOST)
    assert [key.default for key in keys] == list(Costs())


LDAP = """\
provider = "ldap"
default_domain = "LAB"
[directory.ldap]
urls = "ldaps://dc01.lab.example"
bind_dn = "CN=casproxy,DC=lab"
base_dn = "DC=lab"
ca_file = "root.pem"
bind_password_file = "secret"
"""
HTTP = """\
provider = "http"
[directory.http]
check_url = "https://users.lab.example/check"
find_url = "https://users.lab.example/find"
ca_file = "root.pem"
token_file = "secret"
"""


def use(folder, table):
    """Let a server know the users; its authority and secret are good."""
    (folder / "a.toml").write_text(TEXT.replace('provider = "file"\nusers_file = "users.toml"\n', table))
    (folder / "users.toml").unlink()
    (folder / "root.pem").write_bytes(AUTHORITY.certificate_pem)
    (folder / "secret").write_text("hush\n")


@pytest.mark.parametrize("table", [LDAP, HTTP])
def test_a_server_that_knows_users_needs_no_users_file(folder, table):
    """Its own files are good; without one of authorities the public ones are trusted."""
    use(folder, table)
    assert read().warnings == ()

    (folder / "root.pem").unlink()
    use_public = (folder / "a.toml").read_text().replace('ca_file = "root.pem"\n', "")
    (folder / "a.toml").write_text(use_public)
    assert read().warnings == ()


@pytest.mark.parametrize(("table", "name"), [(LDAP, "bind_password_file"), (HTTP, "token_file")])
@pytest.mark.parametrize("content", [b"", b"  \n", b"two\nlines", b"\xff", b"x" * 5000])
def test_a_secret_is_one_line(folder, table, name, content):
    """It is told what belongs there, and not what stands there."""
    use(folder, table)
    (folder / "secret").write_bytes(content)
    (line,) = complaints()

    assert f'.{name}: "secret" must hold one line of at most 4096 bytes.' in line
    assert "lines" not in line


@pytest.mark.parametrize("table", [LDAP, HTTP])
@pytest.mark.parametrize(
    "content", [b"", b"nothing", b"\xff", b"-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----"]
)
def test_a_file_of_authorities_holds_some(folder, table, content):
    """Nobody would be trusted otherwise."""
    use(folder, table)
    (folder / "root.pem").write_bytes(content)
    (line,) = complaints()

    assert '.ca_file: "root.pem" holds no certificate of an authority in PEM.' in line


def test_missing_files_of_a_directory_are_told(folder):
    """Both."""
    use(folder, LDAP)
    for name in ("root.pem", "secret"):
        (folder / name).unlink()

    assert [line.partition(" Relative")[0].partition(": ")[2] for line in complaints()] == [
        'directory.ldap.ca_file: The file "root.pem" does not exist.',
        'directory.ldap.bind_password_file: The file "secret" does not exist.',
    ]


def test_a_missing_library_is_told(folder, monkeypatch):
    """With how to install it."""
    use(folder, LDAP)
    monkeypatch.setattr(signin_files, "IS_INSTALLED", False)
    (line,) = complaints()

    assert "directory.provider" in line
    assert 'Install the extra ldap: pip install "casproxy[ldap]".' in line
