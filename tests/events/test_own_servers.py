"""Promises of the entries about servers."""

from proxy.events.entry import Level
from proxy.events.own_servers import OWN_SERVERS


def test_down_and_up_and_nobody_left():
    """A server that is down is a warning, a site without any is an error, and being back is good news."""
    assert [(entry.id, entry.level) for entry in OWN_SERVERS] == [
        (1047, Level.WARNING),
        (1048, Level.INFORMATION),
        (1049, Level.ERROR),
    ]
