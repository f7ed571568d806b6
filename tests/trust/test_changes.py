"""What changed between two looks: told once, and a failed look hides nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from proxy.model.verdict import CertificateFacts, Finding, Link, Reason, Verdict, Whence
from proxy.trust.changes import Change, Known, compare, first_end

NOW = datetime(2026, 6, 1, tzinfo=UTC)
WARNING = timedelta(days=21)


def verdict(*reasons: Reason, sha: str = "a", days: float = 300) -> Verdict:
    """Make a verdict about one certificate with so many days left."""
    leaf = CertificateFacts(size=1, sha256=sha, not_after=NOW + timedelta(days=days))
    return Verdict(
        trusted=not reasons,
        name="cas02.branch.test",
        findings=tuple(Finding(reason=reason, sentence="", cure="") for reason in reasons),
        presented=(leaf,) if sha else (),
        path=(Link(whence=Whence.PRESENTED, subject="", certificate=leaf, position=0),) if sha else (),
        at=NOW,
    )


GOOD, BAD = verdict(), verdict(Reason.EXPIRED)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, GOOD, []),
        (None, BAD, [Change.BECAME_UNTRUSTED]),
        (GOOD, GOOD, []),
        (GOOD, BAD, [Change.BECAME_UNTRUSTED]),
        (BAD, BAD, []),
        (BAD, verdict(Reason.NAME_MISMATCH), []),
        (BAD, GOOD, [Change.TRUSTED_AGAIN]),
        (GOOD, verdict(sha="b"), [Change.CERTIFICATE_CHANGED]),
        (BAD, verdict(sha="b"), [Change.TRUSTED_AGAIN, Change.CERTIFICATE_CHANGED]),
        (GOOD, verdict(Reason.SELF_SIGNED, sha="b"), [Change.BECAME_UNTRUSTED, Change.CERTIFICATE_CHANGED]),
    ],
)
def test_each_step(before, after, expected):
    """From one verdict to the next: what an operator has to hear, and nothing twice."""
    assert compare(Known(before), after, WARNING)[0] == expected


@pytest.mark.parametrize(("days", "told"), [(21.5, False), (21, True), (3, True), (0, True)])
def test_an_end_that_comes_near_is_told(days, told):
    """With no more than the warning left; a day earlier nothing is said."""
    changes, _ = compare(Known(GOOD), verdict(days=days), WARNING)

    assert (Change.EXPIRES_SOON in changes) is told


def test_an_end_is_told_once_for_each_certificate():
    """Every five minutes would teach people not to read it; the next certificate is another matter."""
    _, known = compare(Known(), verdict(days=3), WARNING)
    again, known = compare(known, verdict(days=2), WARNING)
    another, _ = compare(known, verdict(sha="b", days=2), WARNING)

    assert again == []
    assert another == [Change.CERTIFICATE_CHANGED, Change.EXPIRES_SOON]


def test_an_untrusted_certificate_is_not_announced():
    """It is refused already; its end is the smaller worry."""
    assert compare(Known(BAD), verdict(Reason.NAME_MISMATCH, days=1), WARNING)[0] == []


def test_a_chain_that_could_not_be_fetched_hides_no_change():
    """The certificate seen before is remembered over a look that saw none."""
    _, known = compare(Known(BAD), verdict(Reason.EXPIRED, sha=""), WARNING)

    assert compare(known, verdict(sha="b"), WARNING)[0] == [Change.TRUSTED_AGAIN, Change.CERTIFICATE_CHANGED]


def test_the_first_certificate_of_the_path_to_end_counts():
    """An intermediate that ends sooner than the leaf breaks the chain first; an anchor is nobody's to renew."""
    soon = CertificateFacts(size=1, sha256="b", not_after=NOW + timedelta(days=5))
    sooner = replace(soon, sha256="c", not_after=NOW + timedelta(days=1))
    links = (
        *GOOD.path,
        Link(whence=Whence.PRESENTED, subject="", certificate=soon, position=1),
        Link(whence=Whence.STORE, subject="", certificate=sooner, anchor="certifi"),
        Link(whence=Whence.ABSENT, subject=""),
    )

    assert first_end(replace(GOOD, path=links)) == soon.not_after
    assert first_end(replace(GOOD, path=())) is None
