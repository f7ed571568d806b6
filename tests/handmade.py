"""Verdicts by hand, for tests of whatever shows them: a plain one and the worst a server can send."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from proxy.model.verdict import CertificateFacts, Finding, Link, Reason, Verdict, Whence

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
LEAF = CertificateFacts(
    size=800,
    sha256="2f6c" * 16,
    subject="CN=cas02.branch.example",
    issuer="CN=Corp Issuing 3",
    serial="1f",
    names=("cas02", "cas02.branch.example"),
    name_count=2,
    not_before=AT - timedelta(days=9),
    not_after=AT + timedelta(days=12),
    key="EC P-256",
    signature="ECDSA with SHA-256",
    usages=("server authentication",),
    issuer_urls=("http://pki.corp.example/issuing3.crt",),
    spki_sha256="A" * 43 + "=",
)
ROOT = replace(
    LEAF,
    sha256="ab" * 32,
    subject="CN=Branch Root",
    issuer="CN=Branch Root",
    names=(),
    name_count=0,
    not_after=AT - timedelta(days=3),
    usages=(),
    issuer_urls=(),
    is_authority=True,
)
HOSTILE = "a\r\n00:00:00 ERROR forged\x1b[31m\u2028\u202e<script>alert(1)</script>"
"""A text that tries a second line, an escape sequence, a turn of direction and markup."""


def finding(reason, position=None, text=""):
    """Make a finding."""
    return Finding(
        reason=reason, sentence=text or f"It is {reason.value}.", cure=f"Mend {reason.value}.", position=position
    )


def link(certificate, position=None, **fields):
    """Make a link of a presented certificate, or of one from the store."""
    whence = Whence.STORE if position is None else Whence.PRESENTED
    fields = {"whence": whence, "subject": certificate.subject, "signed": True, **fields}
    return Link(certificate=certificate, position=position, **fields)


OPEN = Verdict(
    trusted=False,
    name="cas02.branch.test",
    code=20,
    text="unable to get local issuer certificate",
    findings=(finding(Reason.MISSING_INTERMEDIATE, 0), finding(Reason.NAME_MISMATCH, 0)),
    presented=(LEAF,),
    path=(link(LEAF, 0, signed=None), Link(whence=Whence.ABSENT, subject=LEAF.issuer)),
    store="142 from certifi, 1 from certs/branch-root.pem",
    resembles="HQ",
    at=AT,
)
"""The issuer is nowhere, and the name is another one."""
CLOSED = replace(
    OPEN,
    code=10,
    findings=(finding(Reason.EXPIRED, 1),),
    presented=(LEAF, ROOT),
    path=(link(LEAF, 0), link(ROOT, 1, anchor="certs/branch-root.pem")),
    resembles="",
)
"""It leads to a root that has expired."""
UNSEEN = replace(OPEN, presented=(), path=(), findings=(finding(Reason.SELF_SIGNED),))
"""The chain could not be fetched."""


def worst(text=HOSTILE, *, names=2000, size=60_000, chain=30):
    """Make the verdict on a server that fills every field with as much of a text as it can, and every list.

    Lists are filled with the text itself behind the first, or a failing test would print gigabytes.
    """
    long = text * (size // len(text) + 1)
    evil = CertificateFacts(
        size=100_000,
        sha256="f" * 64,
        subject=long,
        issuer=long,
        names=(long, long, *(text,) * (min(names, 100) - 2)),
        name_count=names,
        not_before=AT,
        not_after=AT,
        key=long,
        signature=long,
        usages=(long, *(text,) * 99),
        issuer_urls=(long, *(text,) * 99),
        crl_urls=(long, *(text,) * 99),
        spki_sha256="B" * 44,
    )
    findings = tuple(finding(reason, place, long) for place in range(0, chain, 15) for reason in Reason)
    path = tuple(link(evil, place, anchor=long, signed=False) for place in range(chain // 2))
    return replace(
        OPEN,
        name=long,
        text=long,
        findings=findings,
        notes=(long, *(text,) * 49),
        presented=(evil,) * chain,
        path=(*path, Link(whence=Whence.ABSENT, subject=long)),
        store=long,
        resembles=long,
    )
