"""What works but will hardly be meant is told, once for each table."""

import pytest

from proxy.settings.doubts import RULES
from proxy.settings.parse import parse

PIN = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
SITE = 'default = true\nservers = ["https://cas01.hq.example/owa"]\n'
SWITCH = "allow_internal_untrusted_certs"


def doubts(trust="", site="", more="") -> list[str]:
    """Give what is said about a [trust] and a [sites.trust] table, without the file's name and line."""
    text = f'[server]\ncertificate = "tls.pem"\n[trust]\n{trust}\n[[sites]]\nname = "HQ"\n{SITE}[sites.trust]\n{site}'
    return [str(each).partition(": ")[2] for each in parse(f"{text}\n{more}", {}, {}, "a.toml").warnings]


@pytest.mark.parametrize(
    ("keys", "promise"),
    [
        ('ca_files = ["a.pem"]', "ca_files will let servers of these authorities pass as well."),
        ('ca_files = ["a.pem"]\nca_mode = "only"', "ca_files will let only servers of these authorities pass."),
        (f'pin_spki_sha256 = ["{PIN}"]', "pin_spki_sha256 will refuse servers with other keys."),
        ('crl_files = ["a.pem"]', "crl_files will refuse revoked certificates and those without a current list."),
        ("strict_rfc5280 = true", "strict_rfc5280 will refuse chains that break RFC 5280."),
        ('verify = ["chain", "name"]', "verify will demand chain and name."),
    ],
)
def test_demands_under_switch_1_say_what_they_will_do(keys, promise):
    """They refuse nobody now, decide what is noted, and would refuse at 0; wherever they are written."""
    for place in ("trust", "sites.HQ.trust"):
        (line,) = doubts(trust=keys) if place == "trust" else doubts(site=keys)

        key = keys.partition(" ")[0]
        assert line == (
            f"{place}.{key}: {key} has no effect on what is used while {SWITCH} is 1; "
            f"it only decides which certificates raise event 1043. At 0 {promise}"
        )
        assert not doubts(trust=f"{SWITCH} = 0\n{keys}")
        assert not doubts(site=f"{SWITCH} = 0\n{keys}")


def test_several_demands_are_one_doubt():
    """A table is doubted once, whatever it holds."""
    (line,) = doubts(trust=f'crl_files = ["a"]\nca_files = ["b"]\npin_spki_sha256 = ["{PIN}"]')

    assert line.startswith("trust.pin_spki_sha256: pin_spki_sha256, ca_files and crl_files have no effect on what is")
    assert "; they only decide which" in line


@pytest.mark.parametrize(
    ("trust", "site"),
    [
        ("", ""),
        ('ca_files = ["a.pem"]', f"{SWITCH} = 0"),
        (f'{SWITCH} = 0\nca_files = ["a.pem"]', f"{SWITCH} = 1"),
        ("", f'{SWITCH} = 0\nca_files = ["a.pem"]'),
        ("", 'verify = ["expiry", "chain", "name"]\nstrict_rfc5280 = false\nca_files = []'),
        ('client_cert = "a.pem"\npartial_chain = true', ""),
    ],
)
def test_no_doubt_where_something_is_refused_or_nothing_is_demanded(trust, site):
    """One site at 0 is enough for [trust]; defaults that are written out demand nothing."""
    assert not doubts(trust, site)


def test_a_site_is_doubted_for_its_own_words_only():
    """What it takes from above it is told there; what it repeats is nothing new."""
    keys = 'ca_files = ["a.pem"]'
    branch = f'[[sites]]\nname = "Branch"\nhosts = ["b"]\nservers = ["https://b"]\n[sites.trust]\n{SWITCH} = 0'

    assert [line.partition(":")[0] for line in doubts(keys, keys)] == ["trust.ca_files"]
    assert not doubts(keys, "", branch)
    assert [line.partition(":")[0] for line in doubts(keys, "strict_rfc5280 = true", branch)] == [
        "sites.HQ.trust.strict_rfc5280"
    ]


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_old_versions_of_tls_are_told_with_what_they_cost(version):
    """Whatever the switch is; a site that takes it from above it is not told again."""
    for trust, site in (
        (f'min_tls_version = "{version}"', ""),
        ("", f'{SWITCH} = 0\nmin_tls_version = "{version}"'),
    ):
        (line,) = doubts(trust, site)

        assert f".min_tls_version: TLS {version} is allowed: below 1.2 OpenSSL's security level 0 applies" in line
        assert "weak keys and signatures pass as well" in line
    assert not doubts('min_tls_version = "1.3"', 'min_tls_version = "1.2"')


def test_doubts_are_a_table():
    """Every doubt stands in it once."""
    assert len(RULES) == len(set(RULES)) == 3


@pytest.mark.parametrize(("switch", "told"), [(1, True), (0, False)])
def test_who_signed_in_is_told_to_anybody_under_switch_1(switch, told):
    """That is said where users sign in; where nobody does there is nothing to tell."""
    users = '[directory]\nprovider = "file"\nusers_file = "u.toml"\n[session]\nkey_file = "k"\n'
    text = f'[server]\ncertificate = "tls.pem"\n[trust]\n{SWITCH} = {switch}\n{{}}[[sites]]\nname = "HQ"\n{{}}{SITE}'
    signing, not_signing = text.format(users, "own = true\n"), text.format("", "")
    site = SITE.replace("default = true\n", "")
    said = [
        [str(each) for each in parse(each.replace(SITE, site) if users in each else each, {}, {}, "a.toml").warnings]
        for each in (signing, not_signing)
    ]

    assert any("Servers of HQ are told who signed in" in line for line in said[0]) is told
    assert said[1] == []
