"""A sign-in is a value with an id of its own."""

from proxy.session.session import begin_session, renew_session


def test_a_session_begins_now_with_a_random_id() -> None:
    """Two sign-ins of one user at one moment are two sessions."""
    first, second = (begin_session("LAB\\alice", 3, 1000.0, public=True, light=False) for _ in range(2))

    assert first.id != second.id
    assert len(bytes.fromhex(first.id)) == 16
    assert (first.user, first.epoch, first.begun, first.renewed) == ("LAB\\alice", 3, 1000.0, 1000.0)
    assert (first.public, first.light) == (True, False)


def test_renewing_changes_one_moment() -> None:
    """Id and begin stay, so that an ended session cannot come back as another."""
    session = begin_session("LAB\\alice", 0, 1000.0, public=False, light=True)

    renewed = renew_session(session, 2000.0)

    assert renewed.renewed == 2000.0
    assert renew_session(renewed, 1000.0) == session
