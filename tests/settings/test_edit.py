"""One value of a configuration changes, and every other byte stays."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.settings.edit import CannotEdit, read_value, set_value

SWITCH = ("trust", "allow_internal_untrusted_certs")


def assert_changed(before: str, after: str, value: int | None) -> None:
    """Set the switch; § stands for its name."""
    assert set_value(before.replace("§", SWITCH[1]), SWITCH, value) == after.replace("§", SWITCH[1])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "# ours\n[trust] # t\n§ = 1  # as before\nca_mode = 'add'\n",
            "# ours\n[trust] # t\n§ = 0  # as before\nca_mode = 'add'\n",
        ),
        ("[trust]\nAllowInternalUntrustedCerts=true # old\n", "[trust]\nAllowInternalUntrustedCerts=0 # old\n"),
        ('[trust]\n"§" = 1', '[trust]\n"§" = 0'),
        ("[trust]\n'§'=1\r\n", "[trust]\n'§'=0\r\n"),
        ("trust.§ = 1\n[server]\n", "trust.§ = 0\n[server]\n"),
        ("trust = { § = 1, ca_mode = 'add' }", None),
        ("[trust]\n  ca_mode = 'add'\n[[sites]]\n", "[trust]\n§ = 0\n  ca_mode = 'add'\n[[sites]]\n"),
        ("  [trust]", "  [trust]\n  § = 0\n"),
        ("trust.ca_mode = 'add'\n", "trust.§ = 0\ntrust.ca_mode = 'add'\n"),
        ("trust = { ca_mode = 'add' } # x\n", "trust = { § = 0, ca_mode = 'add' } # x\n"),
        ("trust = {}\n", "trust = { § = 0}\n"),
        ("[server]\r\nname = 'A'", "[server]\r\nname = 'A'\r\n\r\n[trust]\r\n§ = 0\r\n"),
        ("", "[trust]\n§ = 0\n"),
        ("\ufeff[trust]\n§ = 1\n", "\ufeff[trust]\n§ = 0\n"),
        ("# \u2028 \x85\n[trust]\n§ = 1\n", "# \u2028 \x85\n[trust]\n§ = 0\n"),
        (
            "[[sites]]\n[sites.trust]\n§ = 1\n[trust]\n§ = 1\n",
            "[[sites]]\n[sites.trust]\n§ = 1\n[trust]\n§ = 0\n",
        ),
    ],
)
def test_setting(before, after):
    """In whatever form the key or its table stands; comments, order, spelling and line ends stay."""
    assert_changed(before, after or before.replace("= 1", "= 0"), 0)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[trust]\n# why\n§ = 0 # x\nca_mode = 'add'\n", "[trust]\n# why\nca_mode = 'add'\n"),
        ("[trust]\nAllowInternalUntrustedCerts = 0", "[trust]\n"),
        ("trust.§ = 0\n", ""),
        ("[trust]\nca_mode = 'add'\n", "[trust]\nca_mode = 'add'\n"),
        ("", ""),
    ],
)
def test_removing(before, after):
    """The line goes, and the default holds; where there is none, nothing changes."""
    assert_changed(before, after, None)


@pytest.mark.parametrize("text", ["[trust]\n§ = false # off\n", "[trust]\nAllowInternalUntrustedCerts = 0\n"])
def test_what_is_so_already_stays(text):
    """Another spelling of the same value is no change."""
    assert_changed(text, text, 0)


def test_durations_are_set_too():
    """A text takes the place of a text."""
    text = '[session]\npublic_timeout = "15m" # "15m"\n'

    assert set_value(text, ("session", "public_timeout"), "20m") == '[session]\npublic_timeout = "20m" # "15m"\n'


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("trust = { allow_internal_untrusted_certs = 1, ca_mode = 'add' }\n", None),
        ("[trust]\n'allow_internal_\\u0075ntrusted' = 1\nallow_internal_untrusted_certs = 0b1\n", 0),
    ],
)
def test_what_cannot_be_changed_is_refused(text, value):
    """The file stays as it is, and the administrator is told what to write."""
    with pytest.raises(CannotEdit, match=r"Change it by hand: (no )?trust\.allow_internal_untrusted_certs"):
        set_value(text, SWITCH, value)


def test_reading_either_spelling():
    """For telling what was there before."""
    assert read_value("[trust]\nAllowInternalUntrustedCerts = 1\n", SWITCH) == 1
    assert read_value("[server]\n", SWITCH) is None


@given(
    comments=st.lists(st.text(st.characters(blacklist_categories=["Cc", "Cs"])), min_size=3, max_size=3),
    name=st.text(st.characters(blacklist_categories=["Cc", "Cs"], blacklist_characters="'")),
    value=st.sampled_from([0, 1]),
)
def test_nothing_else_changes(comments, name, value):
    """Whatever stands in comments and texts, one value changes, and each comment stays."""
    first, second, third = comments
    text = f"#{first}\n[server]\nname = '{name}' #{second}\n[trust] #{third}\nca_mode = 'only'\n"

    new = set_value(text, SWITCH, value)
    assert tomllib.loads(new) == tomllib.loads(text) | {
        "trust": {"ca_mode": "only", "allow_internal_untrusted_certs": value}
    }
    assert new.replace(f"allow_internal_untrusted_certs = {value}\n", "") == text
