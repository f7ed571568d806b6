"""Promises of times and spans in words."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from proxy.model.verdict import CertificateFacts
from proxy.trust.text import days_left, time_text, validity_text

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def lasting(first, last):
    """Make a certificate whose validity lies so far from now."""
    return CertificateFacts(size=1, sha256="", not_before=AT + first, not_after=AT + last)


@pytest.mark.parametrize(
    ("first", "last", "text", "left"),
    [
        (-DAY, 12 * DAY, "12 days left, until 2026-12-06", 12),
        (-DAY, DAY, "1 day left, until 2026-11-25", 1),
        (-DAY, DAY / 4, "0 days left, until 2026-11-24", 0),
        (-DAY, 9000 * DAY, "9,000 days left, until 2051-07-16", 9000),
        (-9 * DAY, -3 * DAY, "expired 3 days ago, on 2026-11-21", -3),
        (-9 * DAY, -DAY, "expired 1 day ago, on 2026-11-23", -1),
        (-9 * DAY, -DAY / 4, "expired today, on 2026-11-24", -1),
        (2 * DAY, 9 * DAY, "not valid until 2026-11-26", 9),
    ],
)
def test_validity_in_words(first, last, text, left):
    """An administrator reads how long it lasts, and a program gets the number."""
    certificate = lasting(first, last)

    assert (validity_text(certificate, AT), days_left(certificate, AT)) == (text, left)


def test_unknown_dates_say_nothing():
    """A certificate that cannot be read has no dates."""
    certificate = CertificateFacts(size=1, sha256="", fault="it is cut off")

    assert (validity_text(certificate, AT), days_left(certificate, AT)) == ("", None)


def test_times_are_utc():
    """RFC 3339, whatever the zone it came in."""
    assert time_text(AT) == "2026-11-24T12:00:00Z"
    assert time_text(AT.astimezone(timezone(timedelta(hours=2)))) == "2026-11-24T12:00:00Z"
