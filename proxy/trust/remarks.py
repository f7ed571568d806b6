"""Remarks on a chain that are no reasons: dates that draw near, order, what is sent needlessly, stricter rules.

They stand in a verdict's notes, of a trusted server as well.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta

from proxy.trust.chain import is_in_order, unused
from proxy.trust.examined import Examined, enumerate_names, span_text
from proxy.trust.strict import breaches

EXPIRES_SOON = timedelta(days=21)
"""A certificate that ends sooner is remarked upon."""
MOST_SENT = 10
"""More certificates than this are remarked upon; chains in use have two to four."""
_MOST_BREACHES = 5


def remarks_on(examined: Examined) -> Iterator[str]:
    """Give every remark."""
    for remark in _REMARKS:
        yield from remark(examined)


def _soon(examined: Examined) -> Iterator[str]:
    for member in examined.members:
        last = member.facts.not_after
        if last is not None and examined.now < last <= examined.now + EXPIRES_SOON:
            yield f"{member.title} expires in {span_text(last - examined.now)}, on {last:%Y-%m-%d}."


def _many(examined: Examined) -> Iterator[str]:
    size = sum(parsed.facts.size for parsed in examined.presented)
    if len(examined.presented) > MOST_SENT:
        yield f"The server sends {len(examined.presented):,} certificates of {size:,} bytes; a few would do."


def _unreadable(examined: Examined) -> Iterator[str]:
    places = [place for place, parsed in enumerate(examined.presented) if parsed.certificate is None]
    if places:
        yield f"The server sends what is no readable certificate, {_places(places)}."


def _order(examined: Examined) -> Iterator[str]:
    if not is_in_order(examined.path):
        yield "The server sends its certificates out of order; old clients may refuse them."


def _superfluous(examined: Examined) -> Iterator[str]:
    places = unused(examined.presented, examined.path)
    if places:
        yield f"The server sends certificates that its chain does not need, {_places(places)}."


def _root(examined: Examined) -> Iterator[str]:
    for issuer in examined.issuers:
        if issuer.link.position is not None and issuer.is_anchor and issuer.is_self_issued:
            yield "The server sends the root as well; clients use their own copy, so it can be left out."


def _strict(examined: Examined) -> Iterator[str]:
    if examined.policy.strict_rfc5280:
        return
    found = [f"{breach.member.title} {breach.clause} (code {breach.code})" for breach in breaches(examined)]
    if found:
        more = f"; and {len(found) - _MOST_BREACHES:,} more" if len(found) > _MOST_BREACHES else ""
        yield f"The chain would fail strict RFC 5280: {'; '.join(found[:_MOST_BREACHES])}{more}."


_REMARKS: tuple[Callable[[Examined], Iterator[str]], ...] = (
    _soon,
    _many,
    _unreadable,
    _order,
    _superfluous,
    _root,
    _strict,
)
"""Every remark; a new one is a function above."""


def _places(places: tuple[int, ...] | list[int]) -> str:
    return f"at place {enumerate_names([str(place + 1) for place in places])}"
