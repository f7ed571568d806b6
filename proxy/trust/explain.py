"""Explains a judgement on a server's chain: every reason that holds, the deciding one first. It judges nothing.

OpenSSL's handshake and the pins have decided before. The checks are a table of functions, each of which gives the
findings that hold; their order is that of their importance to a reader.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from proxy.model.verdict import Finding, Reason, Verdict
from proxy.trust.certificate import Parsed, parse
from proxy.trust.chain import End, Path, follow
from proxy.trust.checks_leaf import check_constraints, check_name, check_pins, check_purpose, resembled
from proxy.trust.checks_path import (
    check_authority,
    check_dates,
    check_extensions,
    check_keys,
    check_length,
    check_signatures,
)
from proxy.trust.ending import ENDINGS, check_end
from proxy.trust.examined import Demand, Examined, Judgement
from proxy.trust.reasons import describe, reason_of
from proxy.trust.remarks import remarks_on
from proxy.trust.revocation import check_revocation
from proxy.trust.strict import check_strictly

__all__ = ["CHECKS", "Demand", "Judgement", "explain"]

Check = Callable[[Examined], Iterator[Finding]]
"""Looks at a chain and gives the findings of its kind, from the server's certificate upwards; never raises."""

CHECKS: tuple[Check, ...] = (
    check_end,
    check_dates,
    check_name,
    check_purpose,
    check_authority,
    check_length,
    check_constraints,
    check_extensions,
    check_keys,
    check_signatures,
    check_revocation,
    check_strictly,
    check_pins,
)
"""Every check; a new one is a function in a module beside this one."""

MOST_FINDINGS = 50
"""Findings kept of a chain; a hostile one could have hundreds."""

_UNKNOWN_ISSUER = frozenset(
    {Reason.UNKNOWN_ISSUER, Reason.MISSING_INTERMEDIATE, Reason.PRIVATE_CA, Reason.TRUSTED_INTERMEDIATE_ONLY}
)
"""What OpenSSL's codes 20 and 21 may mean."""
_BROKEN_SIGNATURE = 7
"""X509_V_ERR_CERT_SIGNATURE_FAILURE: the one code of OTHER that has a check."""
_AUTHORITY_KEY = 67
"""X509_V_ERR_CA_KEY_TOO_SMALL, as opposed to 66, the server's own."""
_FROM_ABOVE = frozenset({Reason.EXPIRED, Reason.NOT_YET_VALID})
"""Reasons that OpenSSL looks for from the root downwards; for the others it begins with the server's certificate."""
_NEVER_ALONE = ENDINGS | {Reason.REVOKED, Reason.CRL_MISSING, Reason.CRL_EXPIRED}
"""What nothing is refused for where the chain is not demanded."""


def explain(presented: tuple[bytes, ...], judgement: Judgement, demand: Demand, now: datetime) -> Verdict:
    """Put a judgement into words. `presented` is DER each, the server's own first; empty: it could not be fetched.

    Never raises, whatever the bytes are. A verdict is trusted when the judgement is, and has findings otherwise only.
    """
    parsed = tuple(map(parse, presented))
    path = follow(parsed, demand.anchors, partial_chain=demand.policy.partial_chain, at=now)
    looked_at = _with_presented(path, parsed, demand, now)
    examined = Examined(presented=parsed, path=looked_at, judgement=judgement, demand=demand, now=now)
    every = [finding for check in CHECKS for finding in check(examined)]
    holding = [finding for finding in every if demand.policy.check_chain or _counts_alone(finding)]
    waived = [finding for finding in every if finding not in holding and finding.reason in ENDINGS]
    findings, is_explained = ((), True) if judgement.trusted else _lead(holding, judgement)
    other = resembled(examined) if demand.policy.check_name else None
    return Verdict(
        trusted=judgement.trusted,
        name=demand.name,
        code=judgement.code,
        text=judgement.text,
        findings=findings[:MOST_FINDINGS],
        is_explained=is_explained,
        notes=(*(f"The chain is not verified here: {each.sentence}" for each in waived), *remarks_on(examined)),
        presented=tuple(each.facts for each in parsed),
        path=path.links,
        store=demand.anchors.summary,
        resembles=other[1] if other else "",
        at=now,
    )


def _with_presented(path: Path, parsed: Sequence[Parsed], demand: Demand, now: datetime) -> Path:
    """Lengthen the path of a server whose own certificate is a trust anchor by what it presents besides.

    OpenSSL looks for that certificate among the anchors last, and then checks all it has followed before.
    """
    if path.end is not End.ANCHORED or len(path.links) > 1:
        return path
    longer = follow(parsed, demand.anchors, partial_chain=False, at=now)
    count = sum(certificate is not None for certificate in longer.certificates)
    end = longer.end if longer.end is End.BROKEN_SIGNATURE else End.ANCHORED
    return Path(links=longer.links[:count], certificates=longer.certificates[:count], end=end)


def _counts_alone(finding: Finding) -> bool:
    """Tell whether it counts where the chain is not demanded.

    The handshake then trusts the server's certificate itself; what else was presented OpenSSL checks all the same.
    """
    if finding.reason is Reason.PIN_MISMATCH:
        return True
    return finding.reason not in _NEVER_ALONE and finding.position is not None


def _lead(findings: Sequence[Finding], judgement: Judgement) -> tuple[tuple[Finding, ...], bool]:
    """Move the deciding finding to the front, and tell whether a check found it."""
    deciding = _deciding(findings, judgement)
    if deciding is None:
        return (_from_code(judgement), *findings), False
    return (deciding, *(finding for finding in findings if finding is not deciding)), True


def _deciding(findings: Sequence[Finding], judgement: Judgement) -> Finding | None:
    fitting = [finding for finding in findings if _fits(finding, judgement)]
    if judgement.code == _AUTHORITY_KEY:
        fitting = [finding for finding in fitting if finding.position != 0]
    if not fitting:
        return None
    return fitting[-1] if fitting[0].reason in _FROM_ABOVE else fitting[0]


def _fits(finding: Finding, judgement: Judgement) -> bool:
    if judgement.code is None:
        return judgement.pin_mismatch and finding.reason is Reason.PIN_MISMATCH
    reason = reason_of(judgement.code)
    if reason is Reason.UNKNOWN_ISSUER:
        return finding.reason in _UNKNOWN_ISSUER
    return finding.reason is reason and (reason is not Reason.OTHER or judgement.code == _BROKEN_SIGNATURE)


def _from_code(judgement: Judgement) -> Finding:
    """Say what is known from OpenSSL's code alone."""
    reason = Reason.OTHER if judgement.code is None else reason_of(judgement.code)
    entry = describe(reason)
    refusal = f"refused by OpenSSL with code {judgement.code}: {judgement.text}"
    if judgement.code is None:
        sentence = "The server was refused, and no reason was given."
    elif reason is Reason.OTHER:
        sentence = f"The server's certificate was {refusal}."
    else:
        sentence = f"{entry.sentence} It was {refusal}."
    return Finding(reason=reason, sentence=sentence, cure=entry.cure)
