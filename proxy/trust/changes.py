"""What has changed between two looks at a backend, as a list to act on; looking and telling are left to `upstream`."""

from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

from proxy.model.verdict import Verdict


class Change(Enum):
    """Something that happened to a backend's trust."""

    BECAME_UNTRUSTED = "became untrusted"
    TRUSTED_AGAIN = "trusted again"
    CERTIFICATE_CHANGED = "certificate changed"
    EXPIRES_SOON = "expires soon"


class Known(NamedTuple):
    """What is remembered of a backend between two looks."""

    verdict: Verdict | None = None
    """The last verdict; None before the first."""
    warned: str = ""
    """Fingerprint of the certificate whose end was announced last."""


def compare(before: Known, verdict: Verdict, warning: timedelta) -> tuple[list[Change], Known]:
    """Give what changed and what is to be remembered now.

    The first look changes nothing but `BECAME_UNTRUSTED`: nobody knew better. A certificate's end is announced once,
    when less than `warning` is left; one that has expired is a reason, no announcement.
    """
    last, changes = before.verdict, []
    if not verdict.trusted and (last is None or last.trusted):
        changes.append(Change.BECAME_UNTRUSTED)
    elif verdict.trusted and last is not None and not last.trusted:
        changes.append(Change.TRUSTED_AGAIN)
    old, new = last.leaf if last is not None else None, verdict.leaf
    if old is not None and new is not None and old.sha256 != new.sha256:
        changes.append(Change.CERTIFICATE_CHANGED)
    warned = before.warned
    if verdict.trusted and new is not None and new.sha256 != warned and _ends_within(verdict, warning):
        warned = new.sha256
        changes.append(Change.EXPIRES_SOON)
    return changes, Known(_with_chain(verdict, last), warned)


def first_end(verdict: Verdict) -> datetime | None:
    """Give the moment at which the first certificate of the path ends; None when no date is known.

    A trust anchor's own date does not count: OpenSSL checks it, but who runs the server cannot renew it.
    """
    ends = [
        link.certificate.not_after
        for link in verdict.path
        if link.certificate is not None and link.certificate.not_after is not None and not link.anchor
    ]
    return min(ends, default=None)


def _ends_within(verdict: Verdict, warning: timedelta) -> bool:
    end = first_end(verdict)
    return end is not None and end - verdict.at <= warning


def _with_chain(verdict: Verdict, last: Verdict | None) -> Verdict:
    """Keep the verdict; one whose chain could not be fetched must not hide which certificate was seen before."""
    if verdict.leaf is None and last is not None and last.leaf is not None and last.reason == verdict.reason:
        return last
    return verdict
