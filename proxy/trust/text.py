"""Writes times and spans of certificates for people; what is told about them is left to `drawing` and `plain`."""

from datetime import UTC, datetime

from proxy.model.verdict import CertificateFacts


def time_text(time: datetime) -> str:
    """Write a time as RFC 3339 in UTC, `2026-12-06T23:59:59Z`."""
    return time.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def days_left(certificate: CertificateFacts, at: datetime) -> int | None:
    """Count the whole days until it expires; negative once it has, None when its dates are not known."""
    return None if certificate.not_after is None else (certificate.not_after - at).days


def validity_text(certificate: CertificateFacts, at: datetime) -> str:
    """Say how its dates stand to `at`: `12 days left, until 2026-12-06`; empty when they are not known."""
    first, last = certificate.not_before, certificate.not_after
    if first is None or last is None:
        return ""
    if last < at:
        return f"expired {_ago((at - last).days)}, on {_day(last)}"
    if first > at:
        return f"not valid until {_day(first)}"
    return f"{_count((last - at).days)} left, until {_day(last)}"


def _ago(days: int) -> str:
    return f"{_count(days)} ago" if days else "today"


def _count(days: int) -> str:
    return "1 day" if days == 1 else f"{days:,} days"


def _day(time: datetime) -> str:
    return time.date().isoformat()
