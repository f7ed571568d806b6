"""Promises of the revocation checks: which certificate, which list, since when and why."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.certkit import Authority
from proxy.trust.revocation import check_revocation, read_lists
from tests.verdicts import NAME, POLICY, der, examined, found, verdict

LISTED = replace(POLICY, crl_files=("lists.pem",))
ROOT = Authority.create("Root")
ISSUING = ROOT.intermediate("Issuing")
LEAF = ISSUING.issue(NAME)
SOUND = (der(ROOT.list_revoked()), der(ISSUING.list_revoked()))
STALE = datetime.now(UTC) - timedelta(days=2)


def revoking(*certificates: x509.Certificate, reason: x509.ReasonFlags | None = None) -> bytes:
    """Make a list of the issuing authority that revokes these, for this reason."""
    now = datetime.now(UTC)
    draft = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ISSUING.certificate.subject)
        .last_update(now - timedelta(hours=1))
        .next_update(now + timedelta(days=1))
    )
    for each in certificates:
        entry = x509.RevokedCertificateBuilder().serial_number(each.serial_number).revocation_date(STALE)
        if reason is not None:
            entry = entry.add_extension(x509.CRLReason(reason), critical=False)
        draft = draft.add_revoked_certificate(entry.build())
    return der(draft.sign(ISSUING.key, hashes.SHA256()))


ROWS = {  # lists, OpenSSL's code, reasons
    "sound": (SOUND, None, []),
    "none": ((), 3, ["crl_missing"] * 3),
    "no-root's": (SOUND[1:], 3, ["crl_missing"] * 2),
    "no-issuing's": (SOUND[:1], 3, ["crl_missing"]),
    "stale": ((SOUND[0], der(ISSUING.list_revoked(next_update=STALE))), 12, ["crl_expired"]),
    "stale-and-current": ((*SOUND, der(ISSUING.list_revoked(next_update=STALE))), None, []),
    "revoked": ((SOUND[0], revoking(LEAF.certificate)), 23, ["revoked"]),
    "issuing-revoked": ((der(ROOT.list_revoked(ISSUING.certificate)), SOUND[1]), 23, ["revoked"]),
    "stale-and-revoked": (
        (SOUND[0], der(ISSUING.list_revoked(LEAF.certificate, next_update=STALE))),
        12,
        ["crl_expired", "revoked"],
    ),
}


@pytest.mark.parametrize(("lists", "code", "reasons"), ROWS.values(), ids=ROWS)
def test_as_openssl_reads_the_lists(lists, code, reasons):
    """What OpenSSL refuses is explained, and what it accepts has no finding. A list that revokes nothing counts."""
    told = verdict(LEAF, ROOT.certificate, policy=LISTED, lists=lists)

    assert (told.code, told.is_explained) == (code, True)
    assert [finding.reason.value for finding in told.findings] == reasons
    assert found(check_revocation, examined(LEAF, ROOT.certificate, policy=LISTED, lists=lists)) == reasons


def test_without_lists_configured_nothing_is_checked():
    """Only crl_files make lists necessary."""
    assert found(check_revocation, examined(LEAF, ROOT.certificate, lists=(revoking(LEAF.certificate),))) == []


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (None, ""),
        (x509.ReasonFlags.key_compromise, ": its key was compromised"),
        (x509.ReasonFlags.superseded, ": it was superseded"),
        (x509.ReasonFlags.unspecified, ""),
    ],
)
def test_a_revocation_in_words(reason, words):
    """Serial number, date and reason are told."""
    it = examined(LEAF, ROOT.certificate, policy=LISTED, lists=(SOUND[0], revoking(LEAF.certificate, reason=reason)))

    (finding,) = check_revocation(it)

    serial = f"{LEAF.certificate.serial_number:x}"
    assert finding.sentence == (
        f"The server's certificate (serial number {serial}) was revoked on {STALE:%Y-%m-%d}{words}."
    )


def test_a_stale_list_in_words():
    """The authority and the date are told."""
    lists = (SOUND[0], der(ISSUING.list_revoked(next_update=STALE)))

    (finding,) = check_revocation(examined(LEAF, ROOT.certificate, policy=LISTED, lists=lists))

    assert f'list of "CN=Issuing" has been out of date since {STALE:%Y-%m-%d}' in finding.sentence


def test_dates_of_lists_may_be_left_out():
    """A policy without "expiry" lets a stale list pass."""
    lists = (SOUND[0], der(ISSUING.list_revoked(next_update=STALE)))
    policy = replace(LISTED, check_expiry=False)

    assert found(check_revocation, examined(LEAF, ROOT.certificate, policy=policy, lists=lists)) == []


def test_where_the_list_is():
    """The address in the certificate is the cure for a missing list."""
    url = "http://pki.branch.example/issuing.crl"
    points = x509.CRLDistributionPoints(
        [x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)]
    )
    leaf = ISSUING.issue(NAME, extensions=((points, False),))

    (finding,) = check_revocation(examined(leaf, ROOT.certificate, policy=LISTED, lists=SOUND[:1]))

    assert finding.sentence == 'No revocation list of "CN=Issuing" is among the crl_files.'
    assert finding.cure == f"Fetch it from {url} and add it to crl_files."


def test_a_list_of_a_namesake():
    """A list that another authority of the same name signed is none, and the sentence says so."""
    namesake = Authority.create("Issuing")
    lists = (SOUND[0], der(namesake.list_revoked(LEAF.certificate)))

    (finding,) = check_revocation(examined(LEAF, ROOT.certificate, policy=LISTED, lists=lists))

    assert finding.reason.value == "crl_missing"
    assert "is not signed with that authority's key" in finding.sentence


def test_the_list_of_an_absent_issuer_counts():
    """Where the issuer's key is not known its list is taken at its word."""
    it = examined(LEAF.without_chain(), ROOT.certificate, policy=LISTED, lists=(revoking(LEAF.certificate),))

    assert found(check_revocation, it) == ["revoked"]


def test_unreadable_lists_are_left_out():
    """What is no list is none; an empty list is one."""
    assert len(read_lists((b"", b"\x30\x00", *SOUND))) == 2


REVOKING = revoking(LEAF.certificate, reason=x509.ReasonFlags.superseded)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_never_raises(data):
    """Lists with changed bytes give findings, never an exception; without the issuer's key they are read further."""
    spoiled = bytearray(REVOKING)
    for _ in range(data.draw(st.integers(1, 3))):
        spoiled[data.draw(st.integers(0, len(spoiled) - 1))] = data.draw(st.integers(0, 255))
    leaf = data.draw(st.sampled_from([LEAF, LEAF.without_chain()]))
    it = examined(leaf, ROOT.certificate, policy=LISTED, lists=(SOUND[0], bytes(spoiled)))

    assert set(found(check_revocation, it)) <= {"crl_missing", "crl_expired", "revoked"}
