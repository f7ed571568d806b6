"""Chooses the form of an answer by the `Accept` field (RFC 9110 §12.5.1); rendering is left to `render`."""

from enum import Enum


class Form(Enum):
    """A form we can write. The order decides where `Accept` does not."""

    TEXT = "text/plain"
    HTML = "text/html"
    JSON = "application/json"


_ALIASES = {"application/problem+json": Form.JSON, "application/xhtml+xml": Form.HTML}
_MOST_RANGES = 32
"""Media ranges that are read; browsers send about eight."""
_MOST_BYTES = 1024

_Wish = tuple[float, int, int]
"""Quality, how exactly the range names the form, and its place, negative: greater is more wanted."""


def choose_form(accept: bytes) -> Form:
    """Choose the most wanted form: quality first, then the range that names it most exactly, then its place.

    `*/*` alone, an empty field and one that wants none of ours get text: every browser names `text/html`, so
    what says `*/*` is a script or a person at a command line.
    """
    wishes = {form: _strongest(form, read_ranges(accept)) for form in Form}
    return max(Form, key=lambda form: wishes[form])


def read_ranges(accept: bytes) -> list[tuple[str, float]]:
    """Read a list of ranges with qualities: names in lower case, in their order; what is unreadable is unwanted."""
    parts = accept[:_MOST_BYTES].decode("latin-1").lower().split(",")[:_MOST_RANGES]
    return [(part.split(";")[0].strip(), _quality(part.split(";")[1:])) for part in parts]


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            return _number(value.strip())
    return 1.0


def _number(text: str) -> float:
    """Read a quality of RFC 9110 §12.4.2; what is none counts as unwanted."""
    digits = text.replace(".", "", 1)
    if not (digits.isascii() and digits.isdigit() and len(text) <= len("0.000")):
        return 0.0
    return min(float(text), 1.0)


def _strongest(form: Form, ranges: list[tuple[str, float]]) -> _Wish:
    """Let the most exact range that fits decide (RFC 9110 §12.5.1), the first of equally exact ones."""
    fits = [(_exactness(form, name), -place, quality) for place, (name, quality) in enumerate(ranges)]
    exactness, place, quality = max((fit for fit in fits if fit[0] >= 0), default=(-1, 0, 0.0))
    return (quality, exactness, place) if quality else (0.0, -1, 0)


def _exactness(form: Form, name: str) -> int:
    if name == form.value or _ALIASES.get(name) is form:
        return 2
    if name == form.value.partition("/")[0] + "/*":
        return 1
    return 0 if name == "*/*" else -1
