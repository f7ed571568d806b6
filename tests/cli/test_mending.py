"""Commands that mend: right for the reason, and safe to paste."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from proxy.cli.mending import MENDS, mend
from proxy.model.sites import TrustPolicy
from proxy.model.verdict import CertificateFacts, Finding, Link, Reason, Verdict, Whence
from tests.fakes import make_server

POLICY = TrustPolicy(ca_files=("root.pem",))


def verdict(*reasons: Reason, **facts: object) -> Verdict:
    """Make a verdict on one certificate."""
    leaf = CertificateFacts(size=1, sha256="a", **facts)
    return Verdict(
        trusted=False,
        name="cas02.branch.test",
        findings=tuple(Finding(reason=each, sentence="", cure="") for each in reasons),
        presented=(leaf,),
        path=(Link(whence=Whence.PRESENTED, subject="", certificate=leaf), Link(whence=Whence.ABSENT, subject="")),
        at=datetime(2026, 6, 1, tzinfo=UTC),
    )


def test_a_stranger_is_looked_at_before_it_is_trusted():
    """Write what it sends, compare, then name the file beside those there are."""
    lines = mend(make_server(), POLICY, verdict(Reason.SELF_SIGNED))

    assert lines[0].endswith("--ca root.pem --pem certs/cas02.branch.test.pem")
    assert lines[1].startswith("casproxy certs show certs/cas02.branch.test.pem")
    assert lines[2] == '# in [sites.trust] of Branch:  ca_files = ["root.pem", "certs/cas02.branch.test.pem"]'


def test_a_forgotten_intermediate_is_fetched_where_its_issuer_says():
    """By the person who runs the command, not by us."""
    found = verdict(Reason.MISSING_INTERMEDIATE, issuer_urls=("ldap:///x", "http://ca.example/i.cer"))

    assert mend(make_server(), POLICY, found)[0].startswith("curl -s http://ca.example/i.cer | openssl x509")


@pytest.mark.parametrize(
    "url", ["http://x/$(reboot)", "http://x/;id", "http://x/'a", "http://x/\nid", "http://x/`id`", "file:///etc"]
)
def test_an_address_that_a_shell_could_obey_is_not_printed(url):
    """A certificate's text is hostile, and people paste commands."""
    assert mend(make_server(), POLICY, verdict(Reason.MISSING_INTERMEDIATE, issuer_urls=(url,))) == []


def test_two_reasons_with_one_cure_are_mended_once():
    """A certificate that expired and is for another name is ordered once."""
    found = mend(make_server(), POLICY, verdict(Reason.EXPIRED, Reason.NAME_MISMATCH))

    assert len(found) == 2
    assert "-DomainName cas02.branch.test" in found[1]


def test_the_new_pin_is_told():
    """For whoever changed the key on purpose; a key that could not be read is no pin."""
    told = mend(make_server(), POLICY, verdict(Reason.PIN_MISMATCH, spki_sha256="abc="))

    assert 'pin_spki_sha256 = ["abc="]' in told[0]
    assert mend(make_server(), POLICY, verdict(Reason.PIN_MISMATCH)) == []


@pytest.mark.parametrize("reason", MENDS)
def test_every_entry_of_the_table_gives_whole_lines(reason):
    """Whatever the verdict lacks, also a chain that could not be fetched."""
    found = verdict(reason, issuer_urls=("http://ca.example/i.cer",), spki_sha256="abc=")

    assert all(line and "\n" not in line for line in mend(make_server(), POLICY, found))
    assert mend(make_server(), POLICY, found)
    mend(make_server(), POLICY, replace(found, presented=(), path=()))
