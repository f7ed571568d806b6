"""An outcome can be shown to programs, and nothing of it forges a line."""

import json

from proxy.routing.outcome import Kind, Outcome, Step, to_plain
from tests.fakes import make_site

STEP = Step("proxy", "https://cas02.branch.test/owa", "It fits.")


def test_every_field_is_shown():
    """Under fixed keys that a program can rely on."""
    outcome = Outcome(Kind.PROXY, make_site(), "", "The mailbox is in Branch.", 0, (STEP,))

    assert json.loads(json.dumps(to_plain(outcome))) == {
        "kind": "proxy",
        "site": "Branch",
        "location": "",
        "status": 0,
        "because": "The mailbox is in Branch.",
        "public": "",
        "event": 0,
        "log": [
            {"rule": "proxy", "candidate": "https://cas02.branch.test/owa", "verdict": "It fits.", "event": 0},
        ],
        "log_count": 1,
    }
    assert set(to_plain(outcome)) == {*Outcome._fields, "log_count"}
    assert set(to_plain(outcome)["log"][0]) == set(Step._fields)


def test_no_site_is_null():
    """Rather than a name nobody has."""
    assert to_plain(Outcome(Kind.REFUSE, None, "", "No.", 41, (), 503, "Sorry."))["site"] is None


def test_texts_are_cleaned_and_lists_are_bounded():
    """Line breaks and escapes become visible; a site with a thousand servers fills no screen."""
    plain = to_plain(Outcome(Kind.REFUSE, None, "", "a\nb", 0, (STEP._replace(candidate="\x1b[2J"),) * 1000))

    assert plain["because"] == "a\\x0ab"
    assert plain["log"][0]["candidate"] == "\\x1b[2J"
    assert (len(plain["log"]), plain["log_count"]) == (200, 1000)
