"""An answer of ours is a value."""

from proxy.model.reply import Deed, Reply


def test_an_answer_needs_a_status_only():
    """Everything else has a value that says nothing."""
    assert Reply(204) == (204, (), b"", "", False, "", Deed.NONE)
