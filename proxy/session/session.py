"""A sign-in as a value; sealing it into a cookie is left to `cookie`, how long it holds to `lifetime`."""

import secrets
from dataclasses import dataclass, replace

ID_BYTES = 16
"""Random bytes of an id: nobody meets another's by chance or by search."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One browser, signed in as one user. Carries no credentials."""

    id: str
    """Names the sign-in, the same over all renewals: `ID_BYTES` random bytes in lower-case hex."""
    user: str
    """Canonical name, `DOMAIN\\user`."""
    epoch: int
    """The account's epoch at sign-in; a greater one in the directory ends the session."""
    begun: float
    """Moment of the sign-in."""
    renewed: float
    """Moment since which the lifetime counts."""
    public: bool
    """Whether the computer is a public one: the short lifetime."""
    light: bool
    """Whether the user chose the light version."""


def begin_session(user: str, epoch: int, now: float, *, public: bool, light: bool) -> Session:
    """Begin a session with a fresh random id; whoever signs in again has another one."""
    name = secrets.token_hex(ID_BYTES)
    return Session(id=name, user=user, epoch=epoch, begun=now, renewed=now, public=public, light=light)


def renew_session(session: Session, now: float) -> Session:
    """Let the lifetime count from now on."""
    return replace(session, renewed=now)
