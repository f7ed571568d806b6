"""Rules about signing in; each finds its mistake and nothing else."""

import pytest

from proxy.settings.check_signin import MEANINGFUL, RULES
from proxy.settings.parse import parse
from proxy.settings.problems import SettingsInvalid

PROVIDER, KEYS = 'provider = "file"\nusers_file = "users.toml"\n', 'key_file = "session.keys"\n'
ENFORCE = "allow_internal_untrusted_certs = 0\n"
SITE = '[[sites]]\nname = "HQ"\nservers = ["https://cas01.hq.example/owa"]\n'


def lines(directory="", session="", identity="") -> tuple[list[str], list[str]]:
    """Give the mistakes and the warnings about three tables, without the file's name and line."""
    site = SITE + ("own = true\n" if "provider =" in directory else "default = true\n")
    tables = f"[directory]\n{directory}\n[session]\n{session}\n[identity]\n{identity}\n"
    try:
        parsed = parse(f'[server]\ncertificate = "tls.pem"\n[trust]\n{ENFORCE}{tables}{site}', {}, {}, "a.toml")
    except SettingsInvalid as invalid:
        return [str(each).partition(": ")[2] for each in invalid.problems], []
    return [], [str(each).partition(": ")[2] for each in parsed.warnings]


@pytest.mark.parametrize(
    ("directory", "session", "identity"),
    [
        ("", "", ""),
        (PROVIDER, KEYS, ""),
        (PROVIDER + 'default_domain = "LAB"', KEYS, ""),
        (PROVIDER + 'default_domain = "hq.example"', KEYS, 'groups_header = ""'),
        (PROVIDER + "argon2_memory = 8\nargon2_iterations = 1\nargon2_lanes = 1\npassword_checks = 1", KEYS, ""),
        (PROVIDER, KEYS + 'public_timeout = "1m"\nprivate_timeout = "720h"\nlockout = "1s"', ""),
        ("", "", 'user_header = "X-User"\ngroups_header = "X-User-Groups"'),
        ("", "", 'user_header = "Remote-User"'),
    ],
)
def test_good_tables_pass(directory, session, identity):
    """What is right is not complained about."""
    assert lines(directory, session, identity) == ([], [])


@pytest.mark.parametrize(
    ("directory", "session", "expected"),
    [
        (
            'provider = "file"',
            KEYS,
            (
                'directory.users_file: directory.provider "file" needs directory.users_file, which names the users. '
                'For example: users_file = "/etc/casproxy/users.toml".'
            ),
        ),
        (
            PROVIDER,
            "",
            (
                'session.key_file: directory.provider "file" needs session.key_file, which holds the keys that seal '
                'the sign-in cookie. For example: key_file = "/etc/casproxy/session.keys".'
            ),
        ),
        (PROVIDER + r"default_domain = 'LAB\'", KEYS, r'directory.default_domain: "LAB\" is not a domain.'),
        (PROVIDER + 'default_domain = "@hq.example"', KEYS, "directory.default_domain: "),
        (PROVIDER + 'default_domain = "a b"', KEYS, "directory.default_domain: "),
        (
            PROVIDER + "argon2_memory = 31\nargon2_lanes = 4",
            KEYS,
            "directory.argon2_memory: 31 KiB is too little for 4 lanes; each needs 8 KiB. Write 32 or more.",
        ),
        (PROVIDER + "argon2_memory = 7", KEYS, "directory.argon2_memory: 7 is too small; the least is 8."),
        (PROVIDER + "argon2_memory = 262145", KEYS, "directory.argon2_memory: This is too large; the most is 262144"),
        (PROVIDER + "password_checks = 0", KEYS, "directory.password_checks: 0 is too small; the least is 1."),
        (PROVIDER, KEYS + 'public_timeout = "59s"', 'session.public_timeout: "59s" is too small; the least is "60s".'),
        (PROVIDER, KEYS + "public_timeout = 15", "session.public_timeout: 15 has no unit; the key takes a time such"),
        (PROVIDER, KEYS + 'private_timeout = "721h"', "session.private_timeout: This is too large; the most is "),
        (PROVIDER, KEYS + 'lockout = "0s"', "session.lockout: This must be more than zero."),
        (PROVIDER, KEYS + "attempts_user = 0", "session.attempts_user: 0 is too small; the least is 1."),
    ],
)
def test_each_rule_finds_its_mistake(directory, session, expected):
    """One mistake, one line."""
    (line,), _ = lines(directory, session)

    assert line.startswith(expected)


def test_a_provider_alone_is_told_of_all_that_it_needs():
    """Users and keys are asked for at once."""
    mistakes, _ = lines('provider = "file"')

    assert [line.partition(":")[0] for line in mistakes] == ["directory.users_file", "session.key_file"]


@pytest.mark.parametrize(
    ("directory", "session", "expected"),
    [
        (
            'users_file = "users.toml"',
            "",
            (
                'directory.users_file: users_file is not used: directory.provider is "none", so nobody signs in. '
                'Set directory.provider = "file", or leave users_file out.'
            ),
        ),
        ("", KEYS, 'session.key_file: key_file is not used: directory.provider is "none", so nobody signs in.'),
        (
            PROVIDER,
            KEYS + 'public_timeout = "9h"',
            "session.public_timeout: A sign-in lasts longer on public computers than on private ones.",
        ),
    ],
)
def test_what_will_hardly_be_meant_is_a_warning(directory, session, expected):
    """It can be used, but is told."""
    mistakes, (line,) = lines(directory, session)

    assert not mistakes
    assert line.startswith(expected)


@pytest.mark.parametrize(
    "name",
    [
        "Host", "content-length", "Transfer-Encoding", "Connection", "Cookie", "Set-Cookie", "Authorization", "VIA",
        "Forwarded", "X-Forwarded-For", "X-Forwarded-User", "X-Request-Id", "Content-Type", "Proxy-Authorization",
        "X-OWA-ProxySid", "x-ServerToServer-OriginalClient", "X-BEResource", "If-Match", "Sec-Fetch-Site", "TE",
        "Upgrade", "Expect", "Trailer", "Keep-Alive", "X-AnonResource-Backend", "X-LogonType",
    ],
)  # fmt: skip
def test_names_with_a_meaning_are_no_identity(name):
    """Servers and proxies act on these; a user's name in them would be taken for something else."""
    for key in ("user_header", "groups_header"):
        (line,), _ = lines(identity=f'{key} = "{name}"')

        assert line.startswith(f'identity.{key}: The header "{name}" has a meaning of its own. Choose another')


@pytest.mark.parametrize("name", ["X User", "X:User", "Üser", "X-" + "u" * 63, "(user)", "X-User,"])
def test_names_that_are_no_tokens(name):
    """A header's name holds no separator, so it cannot smuggle a line of its own in."""
    (line,), _ = lines(identity=f'user_header = "{name}"')

    assert line.startswith("identity.user_header: ")
    assert "is not the name of a header" in line


def test_two_headers_have_two_names():
    """Whatever the case."""
    (line,), _ = lines(identity='groups_header = "x-casproxy-user"')

    assert line.startswith('identity.groups_header: "x-casproxy-user" is already the name of user_header')


def test_servers_are_always_told_the_user():
    """The groups may be left out, the user not."""
    (line,), _ = lines(identity='user_header = ""\ngroups_header = ""')

    assert line.startswith("identity.user_header: Without a name for this header no server would learn who")


@pytest.mark.parametrize("key", ["provider = 1", "users_file = 1", "argon2_lanes = 0", "default_domain = 1"])
def test_rules_leave_placeholders_alone(key):
    """A value that cannot be read is told once; no rule complains about what stands in for it."""
    name = key.partition(" ")[0]
    rest = "\n".join(line for line in PROVIDER.splitlines() if not line.startswith(name))

    assert len(lines(f"{rest}\n{key}", KEYS)[0]) == 1
    assert len(lines(identity="user_header = 1")[0]) == 1
    assert len(lines(PROVIDER, "key_file = 1")[0]) == 1


def test_tables_are_right():
    """Every rule stands in its table once; names are compared in lower case."""
    assert len(RULES) == len(set(RULES)) > 3
    assert {name.lower() for name in MEANINGFUL} == MEANINGFUL
