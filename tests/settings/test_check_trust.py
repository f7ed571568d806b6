"""Rules about trust; each finds its mistake and nothing else."""

import pytest

from proxy.settings.check_trust import COMBINATIONS, RULES
from proxy.settings.parse import parse
from proxy.settings.problems import SettingsInvalid

PIN = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
SITE = '[[sites]]\nname = "HQ"\ndefault = true\nservers = ["https://cas01.hq.example/owa"]\n[sites.trust]\n'


def complain(trust="", site="") -> list[str]:
    """Give what is said about a [trust] and a [sites.trust] table, without the file's name and line."""
    text = f'[server]\ncertificate = "tls.pem"\n[trust]\n{trust}\n{SITE}{site}\n'
    try:
        parse(text, {}, {}, "a.toml")
    except SettingsInvalid as invalid:
        return [str(each).partition(": ")[2] for each in invalid.problems]
    return []


GOOD = [
    "",
    'ca_mode = "only"\nca_files = ["a.pem"]',
    'verify = ["expiry", "chain", "name"]',
    'verify = ["chain"]\nca_files = ["a.pem"]\nstrict_rfc5280 = true',
    f'verify = ["name", "expiry"]\npin_spki_sha256 = ["{PIN}"]',
    f'verify = ["expiry"]\npin_spki_sha256 = ["sha256/{PIN}"]\npartial_chain = true',
    'verify = ["chain", "expiry"]\ncrl_files = ["a.crl"]',
    'client_cert = "a.pem"',
    'client_cert = "a.pem"\nclient_key = "a.key"',
    'min_tls_version = "1.0"',
    "partial_chain = true\nstrict_rfc5280 = true",
]


@pytest.mark.parametrize("keys", GOOD)
def test_good_tables_pass(keys):
    """What is right is not complained about, wherever it stands."""
    assert not complain(trust=keys)
    assert not complain(site=keys)
    assert not complain(keys, keys)


BAD = [
    ('ca_mode = "only"', 'ca_mode: ca_mode "only" without ca_files would trust nobody.'),
    ('ca_files = [""]', "ca_files[0]: The name of the file is empty."),
    ('crl_files = ["a", ""]', "crl_files[1]: The name of the file is empty."),
    ("verify = []", "verify: With an empty verify nothing would be verified, whatever pins and authorities say. To us"),
    (f'verify = []\npin_spki_sha256 = ["{PIN}"]\nca_files = ["a"]', "verify: With an empty verify nothing would be"),
    ('verify = ["name", "expiry"]', 'verify: Without "chain" anybody could make the certificate, and no key is pinned'),
    ('verify = ["chain", "names"]', 'verify[1]: "names" is not one of "chain", "name", "expiry". Did you mean name?'),
    ('verify = ["chian"]', 'verify[0]: "chian" is not one of "chain", "name", "expiry". Did you mean chain?'),
    ('verify = ["chain", "name", "chain"]', 'verify[2]: "chain" stands twice. Leave one out.'),
    ('verify = "chain"', 'verify: "chain" is a string, but the key takes a list of strings. Write ["chain"].'),
    (
        f'verify = ["name"]\npin_spki_sha256 = ["{PIN}"]\nca_files = ["a.pem"]',
        'ca_files: ca_files would not be used, for verify leaves "chain" out. Put "chain" into verify, or leave ca_f',
    ),
    (
        f'verify = ["expiry"]\npin_spki_sha256 = ["{PIN}"]\ncrl_files = ["a.crl"]',
        'crl_files: crl_files would not be used, for verify leaves "chain" out. Put "chain" into verify, or leave crl',
    ),
    (
        f'verify = ["expiry"]\npin_spki_sha256 = ["{PIN}"]\nstrict_rfc5280 = true',
        'strict_rfc5280: strict_rfc5280 would not be used, for verify leaves "chain" out. Put "chain" into verify, or',
    ),
    (
        'verify = ["chain", "name"]\ncrl_files = ["a.crl"]',
        'verify: Without "expiry" a revocation list that is out of date would pass. Put "expiry" into verify, or leav',
    ),
    ('client_key = "a.key"', "client_key: client_key without client_cert has no certificate to belong to. Name the c"),
    ('pin_spki_sha256 = ["abc"]', 'pin_spki_sha256[0]: "abc" is not the base64 of a SHA-256. Take the key\'s hash: o'),
    (f'pin_spki_sha256 = ["{PIN}", "sha256/{PIN}"]', f'pin_spki_sha256[1]: "sha256/{PIN}" stands twice. Leave one ou'),
    ('min_tls_version = "1.4"', 'min_tls_version: "1.4" is not one of "1.0", "1.1", "1.2", "1.3".'),
    ("min_tls_version = 1.2", 'min_tls_version: 1.2 is not one of "1.0", "1.1", "1.2", "1.3". Did you mean "1.2"?'),
]


@pytest.mark.parametrize(("keys", "expected"), BAD)
def test_each_rule_finds_its_mistake(keys, expected):
    """One mistake, one line: of [trust] once, whatever sites inherit it; of a site by its name."""
    (line,) = complain(trust=keys)
    assert line.startswith(f"trust.{expected}")

    (line,) = complain(site=keys)
    assert line.startswith(f"sites.HQ.trust.{expected}")


@pytest.mark.parametrize(
    ("trust", "site", "expected"),
    [
        ('crl_files = ["a"]', 'verify = ["chain"]', 'verify: Without "expiry" a revocation list'),
        ('verify = ["chain"]', 'crl_files = ["a"]', 'crl_files: Without "expiry" a revocation list'),
        (f'verify = ["name"]\npin_spki_sha256 = ["{PIN}"]', "pin_spki_sha256 = []", 'pin_spki_sha256: Without "chain"'),
        ("strict_rfc5280 = true", f'verify = ["name"]\npin_spki_sha256 = ["{PIN}"]', "verify: strict_rfc5280 would"),
        ('ca_mode = "only"\nca_files = ["a"]', "ca_files = []", 'ca_files: ca_mode "only" without ca_files'),
        ('client_cert = "a.pem"', 'client_key = "b.key"', "client_key: client_key without client_cert has no"),
        ('client_cert = "a.pem"', 'client_key = ""', "client_key: client_key without client_cert has no"),
        ('client_cert = "a.pem"', 'client_cert = ""\nclient_key = "a"', "client_key: client_key without client_cert"),
    ],
)
def test_a_site_is_judged_by_what_is_in_force_for_it(trust, site, expected):
    """A key of the site may contradict one of [trust]; the line is about the site's own key."""
    assert not complain(trust)
    (line,) = complain(trust, site)

    assert line.startswith(f"sites.HQ.trust.{expected}")


@pytest.mark.parametrize(
    ("trust", "site"),
    [
        ('ca_files = ["a.pem"]', f'verify = ["name"]\npin_spki_sha256 = ["{PIN}"]'),
        (f'verify = ["name"]\npin_spki_sha256 = ["{PIN}"]', 'ca_files = ["a.pem"]'),
        ('client_cert = "a.pem"\nclient_key = "a.key"', 'client_cert = "b.pem"'),
        ('client_cert = "a.pem"\nclient_key = "a.key"', 'client_cert = ""'),
    ],
)
def test_what_is_inherited_may_be_idle(trust, site):
    """Authorities for all sites do not stand in the way of a site that pins a key instead."""
    assert not complain(trust, site)


def test_a_mistake_of_both_tables_is_told_for_both():
    """Each must be mended where it stands."""
    lines = complain('verify = ["name"]', 'verify = ["expiry"]')

    assert [line.partition(":")[0] for line in lines] == ["trust.verify", "sites.HQ.trust.verify"]


def test_rules_leave_placeholders_alone():
    """A value that cannot be read is told once; lists that can be read are looked at all the same."""
    assert len(complain('ca_mode = "only"\nca_files = 1')) == 1
    assert len(complain('verify = 1\ncrl_files = ["a"]')) == 1
    assert len(complain('partial_chain = 2\nverify = ["x"]\ncrl_files = [""]\npin_spki_sha256 = ["x"]')) == 4
    assert len(complain("partial_chain = 2", 'verify = ["name"]')) == 1


def test_rules_are_tables():
    """Every rule and combination stands in its table once."""
    assert len(RULES) == len(set(RULES)) > 3
    assert len(COMBINATIONS) == len({each.sentence for each in COMBINATIONS}) > 5
