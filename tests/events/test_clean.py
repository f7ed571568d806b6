"""Promise of the second name of cleaning."""

from proxy.events import clean as offered
from proxy.model import clean


def test_it_is_the_same_function():
    """There is one way to clean text."""
    assert offered.clean_text is clean.clean_text
