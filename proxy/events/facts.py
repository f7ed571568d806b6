"""Gives what is known of an event besides its message as names and texts, for exports without fields of their own."""

from proxy.events.catalogue import CATALOGUE
from proxy.events.formats import Tally
from proxy.events.record import Event

NAMES = (
    "symbol",
    "site",
    "target",
    "address",
    "port",
    "reason",
    "code",
    "code_text",
    "policy",
    "policy_source",
    "generation",
    "request",
    "proxy_status",
    "note",
    "repeats",
    "left_out",
)
"""Every name there is, in order; consumers may rely on both."""


def facts_of(event: Event, tally: Tally) -> dict[str, str]:
    """Give the facts in the order of `NAMES`; what is not known is left out. Texts are not cleaned.

    `repeats`: suppressed occurrences this record stands for; `left_out`: records left out just before this one.
    """
    values = (
        CATALOGUE[event.id].symbol,
        event.site,
        event.server,
        event.address,
        str(event.port or ""),
        event.reason,
        "" if event.code is None else str(event.code),
        event.code_text,
        event.policy,
        event.policy_source,
        str(event.generation) if event.policy else "",
        event.request_id,
        event.proxy_status,
        event.note,
        str(tally.repeats or ""),
        str(tally.left_out or ""),
    )
    return {name: value for name, value in zip(NAMES, values, strict=True) if value}
