"""The book remembers what was ended and where each session is, over reloads and within bounds."""

import pytest

from proxy.session.revoked import Revoked
from proxy.signin import book as book_module
from proxy.signin.book import Book

ONE, OTHER, THIRD = "01" * 16, "02" * 16, "03" * 16


def test_an_ended_session_stays_ended():
    """Until its cookie would be over anyway; everybody who remembers one looks again."""
    book = Book(Revoked())
    book.end(ONE, 100.0)

    assert (book.version, book.revoked.has(ONE, 99.0), book.revoked.has(OTHER, 99.0)) == (1, True, False)
    assert book.revoked.has(ONE, 100.0) is False


def test_each_end_counts():
    """Also that of a session that had ended before: nobody compares whose it was."""
    book = Book(Revoked())
    for session in (ONE, OTHER, ONE):
        book.end(session, 100.0)

    assert book.version == 3


def test_a_session_has_one_place():
    """The same for all its connections, and not another's."""
    book = Book(Revoked())

    assert book.ring_of(ONE) is book.ring_of(ONE)
    assert book.ring_of(ONE) is not book.ring_of(OTHER)


def test_the_place_goes_with_the_session():
    """Nothing is kept of what is over."""
    book = Book(Revoked())
    before = book.ring_of(ONE)
    book.end(ONE, 100.0)

    assert book.ring_of(ONE) is not before


def test_places_are_bounded(monkeypatch: pytest.MonkeyPatch):
    """The one unused longest makes room."""
    monkeypatch.setattr(book_module, "RINGS", 2)
    book = Book(Revoked())
    one, other = book.ring_of(ONE), book.ring_of(OTHER)
    book.ring_of(ONE)
    book.ring_of(THIRD)

    assert book.ring_of(ONE) is one
    assert book.ring_of(OTHER) is not other


def test_credentials_go_with_the_session():
    """And are nobody else's."""
    book = Book(Revoked())
    book.keep_credential(ONE, b"line")
    before = book.credential_of(ONE), book.credential_of(OTHER)
    book.end(ONE, 100.0)

    assert (before, book.credential_of(ONE)) == ((b"line", b""), b"")


def test_credentials_are_bounded(monkeypatch: pytest.MonkeyPatch):
    """The oldest make room."""
    monkeypatch.setattr(book_module, "CREDENTIALS", 2)
    book = Book(Revoked())
    for session in (ONE, OTHER, THIRD):
        book.keep_credential(session, b"line")

    assert [book.credential_of(session) for session in (ONE, OTHER, THIRD)] == [b"", b"line", b"line"]
