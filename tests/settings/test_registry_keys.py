"""Each value of the registry has its setting, or an honest sentence instead."""

import tomllib

import pytest

from proxy.settings.keys import key_at
from proxy.settings.problems import SettingsInvalid
from proxy.settings.registry import Value
from proxy.settings.registry_keys import MEANINGS, list_others, render_imported, to_settings
from proxy.settings.schema import Settings


def dword(name: str, number: int, line: int = 4) -> Value:
    """Make a value as the registry should have it."""
    return Value(name=name, line=line, kind="REG_DWORD", number=number)


@pytest.mark.parametrize(
    ("name", "number", "path", "value"),
    [
        ("AllowInternalUntrustedCerts", 0, "trust.allow_internal_untrusted_certs", 0),
        ("allowinternaluntrustedcerts", 1, "trust.allow_internal_untrusted_certs", 1),
        ("AllowInternalUntrustedCerts", 2, "trust.allow_internal_untrusted_certs", 1),
        ("AllowInternalUntrustedCerts", 2**32 - 1, "trust.allow_internal_untrusted_certs", 1),
        ("PublicTimeout", 1, "session.public_timeout", "1m"),
        ("PublicTimeout", 15, "session.public_timeout", "15m"),
        ("PrivateTimeout", 43_200, "session.private_timeout", "43200m"),
    ],
)
def test_what_a_value_is_here(name, number, path, value):
    """The switch is 0 or 1, times are minutes."""
    (found,) = to_settings([dword(name, number)], "owa.reg")

    assert (".".join(map(str, found.path)), found.value) == (path, value)


def test_another_number_than_0_and_1_is_said():
    """Exchange took 2 for 1; what becomes of it is no secret."""
    (found,) = to_settings([dword("AllowInternalUntrustedCerts", 2)], "owa.reg")

    assert found.note == "Exchange counts every number but 0 as 1, so 2 is written as 1."


@pytest.mark.parametrize("name", ["AllowProxyingWithoutSsl", "AllowProxyingWithoutSSL", "SSLOffloaded"])
@pytest.mark.parametrize(("number", "words"), [(0, "nothing to set"), (1, "no such setting")])
def test_what_there_is_no_setting_for_is_said(name, number, words):
    """Nothing is invented: the output says that the proxy always acts as if it were 0."""
    (found,) = to_settings([dword(name, number)], "owa.reg")

    assert (found.path, words in found.note) == ((), True)


@pytest.mark.parametrize("name", MEANINGS)
@pytest.mark.parametrize("kind", ["REG_SZ", "REG_QWORD"])
def test_a_wrong_type_is_an_error(name, kind):
    """Exchange ignored it, which made a switch that does nothing; here it is told with its line."""
    with pytest.raises(SettingsInvalid) as caught:
        to_settings([Value(name=name, line=7, kind=kind)], "owa.reg")

    assert str(caught.value) == f"owa.reg:7: {name}: This is a {kind}, which Exchange ignores; it takes a REG_DWORD."


@pytest.mark.parametrize("number", [0, 43_201])
def test_minutes_have_bounds(number):
    """A time that Exchange did not take is an error."""
    with pytest.raises(SettingsInvalid, match=f"PublicTimeout: {number} minutes are not between 1 and 43200"):
        to_settings([dword("PublicTimeout", number)], "owa.reg")


def test_every_problem_at_once():
    """Two mistakes are two sentences."""
    values = [dword("PublicTimeout", 0, 4), Value(name="AllowInternalUntrustedCerts", line=5, kind="REG_SZ")]

    with pytest.raises(SettingsInvalid) as caught:
        to_settings(values, "owa.reg")
    assert [each.origin.line for each in caught.value.problems] == [4, 5]


@pytest.mark.parametrize("name", MEANINGS)
def test_every_key_exists(name):
    """No meaning names a key that the settings do not have."""
    path = MEANINGS[name].path

    assert not path or key_at(Settings, path) is not None


def test_others_are_listed():
    """Names without a meaning are given back, the default value not."""
    values = [dword("PublicTimeout", 1), dword("Odd", 1), Value(name="", line=9, kind="REG_SZ")]

    assert list_others(values) == ["Odd"]
    assert len(to_settings(values, "owa.reg")) == 1


def test_the_settings_as_toml():
    """Tables, each value beside its origin, what was removed and what has no setting as comments."""
    values = [
        dword("SSLOffloaded", 0, 4),
        dword("PublicTimeout", 20, 5),
        Value(name="PrivateTimeout", line=6, kind=""),
        dword("AllowInternalUntrustedCerts", 0, 7),
        Value(name="AllowProxyingWithoutSsl", line=8, kind=""),
    ]

    text = render_imported(to_settings(values, "owa.reg"))
    assert tomllib.loads(text) == {
        "trust": {"allow_internal_untrusted_certs": 0},
        "session": {"public_timeout": "20m"},
    }
    assert text == (
        "[trust]\n"
        "allow_internal_untrusted_certs = 0  # AllowInternalUntrustedCerts = 0, line 7\n"
        "\n"
        "[session]\n"
        'public_timeout = "20m"  # PublicTimeout = 20, line 5\n'
        "# PrivateTimeout removed, line 6: private_timeout is left out\n"
        "# Its default is in force then.\n"
        "\n"
        "# SSLOffloaded = 0, line 4\n"
        "# There is nothing to set: this proxy ends TLS itself.\n"
        "# AllowProxyingWithoutSsl removed, line 8\n"
        "# There is no such setting.\n"
    )
