"""What processes tell each other about sign-ins."""

import pickle

import pytest

from proxy.session.attempts import Attempts
from proxy.session.notice import CredentialKept, Ended, Tried, tell_nobody
from proxy.session.revoked import Revoked
from proxy.signin.book import Book


@pytest.mark.parametrize(
    "notice", [Ended("a", 1.0), CredentialKept("a", b"line"), Tried("a", "b", 1.0, was_right=True)]
)
def test_a_notice_travels(notice):
    """It is a value, and telling nobody is nothing."""
    assert pickle.loads(pickle.dumps(notice)) == notice
    assert tell_nobody(notice) is None


def test_a_session_that_ends_here_ends_everywhere():
    """And what one learns is not told again."""
    told = []
    here, there = Book(Revoked(), told.append), Book(Revoked(), told.append)
    here.keep_credential("s", b"line")
    here.end("t", 10.0)
    for notice in told:
        there.learn(notice)

    assert told == [CredentialKept("s", b"line"), Ended("t", 10.0)]
    assert (there.credential_of("s"), there.revoked.has("t", 1.0), there.version) == (b"line", True, 1)


def test_tries_count_everywhere():
    """Ten wrong passwords stop a user whichever worker took them; the right one clears the pair."""
    told = []
    here, there = Attempts(tell=told.append), Attempts(tell=told.append)
    for second in range(10):
        here.may_try("u", "192.0.2.1", float(1000 + 100 * second))
        here.failed("u", "192.0.2.1", float(1000 + 100 * second))
    for notice in told:
        there.learn(notice)
    waits = [each.may_try("u", "192.0.2.1", 1901.0) > 0 for each in (here, there)]
    before = there.may_try("v", "192.0.2.9", 1.0)
    there.learn(Tried("v", "192.0.2.9", 1.0, was_right=False))
    there.learn(Tried("v", "192.0.2.9", 2.0, was_right=True))

    assert waits == [here.may_try("u", "192.0.2.1", 1901.0) > 0] * 2
    assert (before, len(told)) == (0.0, 10)
