"""What control knows of sign-ins."""

from proxy.service.register import TICK_SECONDS, Register
from proxy.session.notice import CredentialKept, Ended, Tried

SESSION, OTHER = "0" * 32, "1" * 32


def test_a_worker_that_comes_later_is_told_what_it_must_know(tmp_path):
    """Sessions that were ended and credentials of those that were not; tries begin anew."""
    register = Register(str(tmp_path), print)
    register.learn(CredentialKept(SESSION, b"line"))
    register.learn(CredentialKept(OTHER, b"other"))
    register.learn(Ended(OTHER, 5e9))
    register.learn(Tried("u", "a", 1.0, was_right=False))

    assert register.notices() == (Ended(OTHER, 5e9), CredentialKept(SESSION, b"line"))


def test_what_was_ended_is_kept_over_a_stop(tmp_path):
    """About once a second, and credentials never."""
    register = Register(str(tmp_path), print)
    register.learn(Ended(SESSION, 5e9))
    register.learn(CredentialKept(OTHER, b"secret"))
    register.tick(10.0)
    register.learn(Ended(OTHER, 5e9))
    register.tick(10.0 + TICK_SECONDS / 2)
    early = Register(str(tmp_path), print).notices()
    register.tick(10.0 + TICK_SECONDS)

    assert early == (Ended(SESSION, 5e9),)
    assert Register(str(tmp_path), print).notices() == (Ended(SESSION, 5e9), Ended(OTHER, 5e9))
    assert b"secret" not in b"".join(each.read_bytes() for each in tmp_path.iterdir())


def test_where_nobody_signs_in_nothing_is_kept(tmp_path, monkeypatch):
    """There is no folder to write to."""
    monkeypatch.chdir(tmp_path)
    register = Register("", print)
    register.learn(Ended(SESSION, 5e9))
    register.keep()

    assert list(tmp_path.iterdir()) == []
