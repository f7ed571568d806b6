"""Reads the sign-in form as browsers and old scripts send it; whether it may be sent from there is left to `csrf`."""

from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

MAX_BODY = 65_536
"""Bytes of a form."""

MAX_FIELDS = 64
"""Fields of a form."""

TOKEN_FIELD = "token"  # noqa: S105 - the name of a field
"""Field that ties the form to the browser which asked for it; absent in scripts."""

_MEDIA_TYPE = "application/x-www-form-urlencoded"
_LIGHT, _PRIVATE = 1, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class LogonForm:
    """What the user typed and chose."""

    destination: str
    """Where to go; not judged yet."""
    username: str
    """As typed."""
    password: str = field(repr=False)
    """As typed; never shown."""
    private: bool
    """Whether the computer is said to be a private one: the long lifetime."""
    light: bool
    """Whether the light version is wanted."""
    token: str = field(default="", repr=False)
    """Value of `TOKEN_FIELD`; empty when absent."""


def read_form(body: bytes, content_type: str) -> LogonForm | None:
    """Read a form; None for another type, one too large, with a field twice, without a required one, or no UTF-8.

    Fields of any case; those not named here mean nothing. Without `isUtf8=1` bytes are taken as Latin-1, as then.
    """
    if content_type.partition(";")[0].strip().lower() != _MEDIA_TYPE or len(body) > MAX_BODY:
        return None
    fields = _fields(body)
    if fields is None:
        return None
    try:
        return _form(fields)
    except (KeyError, UnicodeDecodeError):
        return None


def _fields(body: bytes) -> dict[str, bytes] | None:
    """Split a body into decoded fields by their lower-case names."""
    pieces = body.split(b"&", MAX_FIELDS)
    if len(pieces) > MAX_FIELDS:
        return None
    fields: dict[str, bytes] = {}
    for piece in filter(None, pieces):
        name, _, value = (unquote_to_bytes(part) for part in piece.replace(b"+", b" ").partition(b"="))
        key = name.decode("latin-1").lower()
        if key in fields:
            return None
        fields[key] = value
    return fields


def _form(fields: dict[str, bytes]) -> LogonForm:
    """Give the fields their meaning. Raises: KeyError, UnicodeDecodeError."""
    charset = "utf-8" if fields.get("isutf8") == b"1" else "latin-1"
    flags = _flags(fields.get("flags", b""))
    trusted = fields.get("trusted")
    return LogonForm(
        destination=fields["destination"].decode(charset),
        username=fields["username"].decode(charset),
        password=fields["password"].decode(charset),
        private=bool(flags & _PRIVATE) if trusted is None else trusted == b"4",
        light=bool(flags & _LIGHT) or fields.get("forcedownlevel") == b"1",
        token=fields.get(TOKEN_FIELD.lower(), b"").decode("latin-1"),
    )


def _flags(value: bytes) -> int:
    """Give the bits; what is no small number sets none, the cautious choice."""
    return int(value) if value.isdigit() and len(value) <= 4 else 0  # noqa: PLR2004 - far more than there are bits
