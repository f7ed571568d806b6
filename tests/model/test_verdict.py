"""The verdict is a value that tells; it decides nothing."""

from dataclasses import replace
from datetime import UTC, datetime

from proxy.model.verdict import CertificateFacts, Finding, Reason, Verdict

TRUSTED = Verdict(trusted=True, name="cas02.branch.test", at=datetime(2026, 1, 1, tzinfo=UTC))


def test_a_trusted_backend_has_no_reason():
    """Nothing decided against it, so there is no word for it."""
    assert (TRUSTED.deciding, TRUSTED.reason, TRUSTED.leaf) == (None, "", None)


def test_the_first_finding_decides():
    """All reasons are kept, and the one that decided stands in front."""
    late, other = (Finding(reason=reason, sentence="", cure="") for reason in (Reason.EXPIRED, Reason.NAME_MISMATCH))

    verdict = replace(TRUSTED, trusted=False, findings=(late, other))

    assert (verdict.deciding, verdict.reason) == (late, "expired")


def test_the_first_presented_certificate_is_the_servers_own():
    """RFC 8446 §4.4.2: the sender's certificate comes first."""
    own, issuer = CertificateFacts(size=1, sha256="a"), CertificateFacts(size=1, sha256="b")

    assert replace(TRUSTED, presented=(own, issuer)).leaf == own
