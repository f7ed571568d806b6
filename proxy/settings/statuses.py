"""Statuses of HTTP as the settings spell them, one by one or as a range."""

import re

_SPELLED = re.compile(r"([1-5][0-9]{2})(?:-([1-5][0-9]{2}))?", re.ASCII)


class BadStatuses(Exception):
    """A text spells no statuses; `str()` is a sentence without its subject."""


def read_statuses(text: str) -> tuple[int, int]:
    """Give the lowest and the highest of the statuses that `200` or `200-399` spells. Raises: BadStatuses."""
    found = _SPELLED.fullmatch(text)
    if found is None:
        raise BadStatuses("is not a status from 100 to 599, nor a range of them.")
    low, high = int(found[1]), int(found[2] or found[1])
    if high < low:
        raise BadStatuses("is a range that ends before it begins.")
    return low, high
