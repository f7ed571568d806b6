"""Chooses a language by the `Accept-Language` field (RFC 9110 §12.5.4, lookup of RFC 4647 §3.4); pure."""

from collections.abc import Iterable

from proxy.pages.accept import read_ranges

FALLBACK = "en"
"""What a reader gets who wants none of ours."""


def choose_language(accept: bytes, offered: Iterable[str]) -> str:
    """Choose the most wanted of the `offered` tags: quality first, then place in the field.

    A range is cut from its end until it names one of ours, so that `de-AT` finds `de`; a range without a region finds
    the first of ours that has one (`pt` finds `pt-BR`). `*` and an empty field mean the fallback.
    """
    tags = {tag.lower(): tag for tag in offered}
    ranges = read_ranges(accept)
    unwanted = {name for name, quality in ranges if not quality}
    for name, _ in sorted((wish for wish in ranges if wish[1]), key=lambda wish: -wish[1]):
        found = FALLBACK if name == "*" else _lookup(name, tags, unwanted)
        if found:
            return found
    return FALLBACK


def _lookup(name: str, tags: dict[str, str], unwanted: set[str]) -> str:
    subtags = name.split("-")
    for length in range(len(subtags), 0, -1):
        found = tags.get("-".join(subtags[:length]))
        if found and found.lower() not in unwanted:
            return found
    longer = (tag for tag in sorted(tags) if tag.startswith(f"{name}-") and tag not in unwanted)
    return tags.get(next(longer, ""), "")
