"""Promises of what the pages around signing in are told."""

import pytest

from proxy.pages.logon_views import LogonView, Reason, Refusal, RefusedView, refusal_of
from proxy.pages.texts import load_texts


@pytest.mark.parametrize(
    ("retry_after", "wait", "status"), [(0.0, 0, 401), (0.2, 1, 429), (59.0, 59, 429), (59.1, 60, 429)]
)
def test_waiting_is_told_in_whole_seconds(retry_after, wait, status):
    """A part of a second counts as one, so that nobody comes back too early."""
    view = LogonView(destination="/owa/", token="t", retry_after=retry_after)

    assert (view.wait, view.status) == (wait, status)


def test_reasons_are_those_of_the_query():
    """The numbers that links and bookmarks carry keep their meaning."""
    assert [(reason.value, reason.name) for reason in Reason] == [
        (0, "NONE"),
        (1, "SIGNED_OFF"),
        (2, "WRONG"),
        (3, "TIMED_OUT"),
        (4, "PASSWORD_CHANGED"),
    ]


@pytest.mark.parametrize("tag", load_texts())
def test_reasons_and_refusals_have_texts(tag):
    """Each has its sentence, each refusal an advice, and no text is left without one who says it."""
    table = load_texts()[tag].table
    said = {f"reason.{reason.name.lower()}" for reason in Reason}
    said |= {f"refused.{refusal.value}.{part}" for refusal in Refusal for part in ("title", "sentence")}
    said |= {f"refused.{RefusedView(refusal=refusal, status=403).advice}" for refusal in Refusal}

    assert said == {key for key in table if key.startswith(("reason.", "refused."))}


@pytest.mark.parametrize("refusal", Refusal)
def test_only_forms_are_sent_again(refusal):
    """Signing in anew helps against nothing but a form that could not be used."""
    helps = refusal in {Refusal.BAD_FORM, Refusal.FOREIGN_FORM}

    assert RefusedView(refusal=refusal, status=403).is_over is helps


@pytest.mark.parametrize(
    ("status", "event", "refusal"),
    [
        (404, 0, Refusal.NO_MAILBOX),
        (501, 0, Refusal.NOT_HERE),
        (502, 0, Refusal.LOOP),
        (503, 41, Refusal.NO_SERVER),
        (503, 80, Refusal.NO_SERVER),
        (503, 81, Refusal.NO_ADDRESS),
        (503, 90, Refusal.NO_ADDRESS),
        (503, 92, Refusal.NO_ADDRESS),
        (599, 0, Refusal.NO_SERVER),
    ],
)
def test_decisions_find_their_words(status, event, refusal):
    """What routing decides is told in the reader's language."""
    assert refusal_of(status, event) is refusal
