"""The mailbox is made up and consistent."""

import pytest

from proxy.lab.mailbox import FOLDERS, messages_of


@pytest.mark.parametrize("message", messages_of("Branch", "cas02.branch.lab.localhost"), ids=lambda each: each.id)
def test_a_message_lies_in_a_folder_that_is_there(message):
    """Each message can be reached, and has text."""
    assert message.folder in FOLDERS
    assert all(message.paragraphs)


def test_ids_are_unique():
    """An address means one message."""
    ids = [message.id for message in messages_of("HQ", "cas03.hq.lab.localhost")]

    assert len(ids) == len(set(ids))


def test_messages_speak_of_their_server():
    """A reader sees which server the text came from."""
    assert "cas09.x" in messages_of("X", "cas09.x")[0].paragraphs[0]
