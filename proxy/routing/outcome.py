"""What was decided for a mailbox, and how it came about, as values; deciding is left to `rules`."""

from enum import Enum
from typing import Any, NamedTuple

from proxy.model.clean import clean_text
from proxy.model.sites import Site


class Kind(Enum):
    """What is done with a request."""

    PROXY = "proxy"
    """It goes to the servers of the site."""
    REDIRECT = "redirect"
    """The browser is sent to the front door of this host; nobody needs to be signed in."""
    REDIRECT_MANUAL = "redirect manual"
    """A page shows the right address; the sign-in is dropped."""
    REDIRECT_SILENT = "redirect silent"
    """The browser is sent to the right address at once."""
    LEGACY_REDIRECT = "legacy redirect"
    """The browser is sent to the address of Exchange 2003 or 2007."""
    ACTIVESYNC_451 = "activesync 451"
    """The device is told its address in `X-MS-Location`."""
    REFUSE = "refuse"
    """A page says why it cannot be done."""


class Step(NamedTuple):
    """One line of the decision log."""

    rule: str
    """Name of the rule that was tried."""
    candidate: str
    """InternalURL of the server it was tried on; empty: the request as a whole."""
    verdict: str
    """Whole sentence: why the rule had no answer, what the answer is, or what the server fails by."""
    event: int = 0
    """Number of the event that stands for what the server fails by; 0: none."""


class Outcome(NamedTuple):
    """What is done with a request, and why."""

    kind: Kind
    """What is done."""
    site: Site | None
    """The site it is about; None where the topology has none."""
    location: str
    """Where the browser is sent: an address built from the settings, `/owa/`, or empty."""
    because: str
    """Why, a whole sentence for an administrator."""
    event: int
    """Number of the event that is due; 0: none."""
    log: tuple[Step, ...]
    """Every rule that was tried, and under it every server it was tried on; the last step is the answer."""
    status: int = 0
    """Status to answer; 0: the server's."""
    public: str = ""
    """Sentence without names for the page of a refusal; empty: nothing is refused."""


_MOST = 200
"""Steps that are listed; `log_count` tells how many there are."""


def to_plain(outcome: Outcome) -> dict[str, Any]:  # JSON has no narrower type
    """List all that the outcome holds, under fixed keys, texts cleaned; `site` is null where there is none."""
    return {
        "kind": outcome.kind.value,
        "site": None if outcome.site is None else clean_text(outcome.site.name),
        "location": clean_text(outcome.location),
        "status": outcome.status,
        "because": clean_text(outcome.because),
        "public": clean_text(outcome.public),
        "event": outcome.event,
        "log": [_step(each) for each in outcome.log[:_MOST]],
        "log_count": len(outcome.log),
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "rule": step.rule,
        "candidate": clean_text(step.candidate),
        "verdict": clean_text(step.verdict),
        "event": step.event,
    }
