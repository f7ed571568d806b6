"""Judge which servers of a site can be proxied to by their InternalURLs; whether they answer is left to `upstream`.

Settings refuse most of what is refused here; a topology made by hand is held to the same rules.
"""

from collections.abc import Callable
from typing import NamedTuple

from proxy.model.sites import Server, Site
from proxy.routing.link import Link, read_link
from proxy.routing.outcome import Step

FITS = "candidate"
"""Name under which a server that fails no rule stands in the log."""


class CandidateRule(NamedTuple):
    """One demand on an InternalURL."""

    name: str
    """Stands in the log."""
    event: int
    """Number of the event for failing it."""
    sentence: str
    """What is wrong with a server that fails it."""
    holds: Callable[[Link], bool]
    """Tells whether the address meets the demand."""


ABSOLUTE = "InternalURL is absolute"
"""Name of the first demand: without an address the others cannot be looked at."""

CANDIDATE_RULES = (
    CandidateRule("InternalURL is https", 42, "Its InternalURL is http.", lambda link: link.scheme == "https"),
    CandidateRule(
        "InternalURL ends in /owa",
        38,
        "Its InternalURL has a path other than /owa.",
        lambda link: link.path.lower() in ("", "/owa"),
    ),
    CandidateRule(
        "InternalURL has no query", 38, "Its InternalURL has a query or a fragment.", lambda link: not link.tail
    ),
)
"""What an absolute InternalURL is held to; each rule is tried on each server."""


class Judged(NamedTuple):
    """The servers of a site, judged."""

    is_usable: bool
    """Whether one of them fits."""
    log: tuple[Step, ...]
    """Each server with each rule it failed, or that it fits."""


def judge(site: Site) -> Judged:
    """Try every rule on every server of the site."""
    steps = [_steps(server) for server in site.servers]
    return Judged(any(each[0].rule == FITS for each in steps), tuple(step for each in steps for step in each))


def _steps(server: Server) -> list[Step]:
    link = read_link(server.url)
    if link is None:
        return [Step(ABSOLUTE, server.url, "Its InternalURL is no absolute address.", 38)]
    failed = [
        Step(rule.name, server.url, rule.sentence, rule.event) for rule in CANDIDATE_RULES if not rule.holds(link)
    ]
    return failed or [Step(FITS, server.url, "It fits.")]
