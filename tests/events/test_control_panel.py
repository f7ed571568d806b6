"""The Control Panel's events stand for those of Outlook Web App."""

from proxy.events.control_panel import CONTROL_PANEL, PROVIDER


def test_they_speak_under_their_own_source():
    """Under the Control Panel's name and numbers, in order, none twice."""
    numbers = [entry.id for entry in CONTROL_PANEL]

    assert {entry.provider for entry in CONTROL_PANEL} == {PROVIDER}
    assert numbers == sorted(set(numbers))
