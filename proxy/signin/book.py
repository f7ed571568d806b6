"""What is remembered of sessions on this proxy: those that were ended, and which server each is at."""

from collections import OrderedDict
from collections.abc import Callable
from zlib import crc32

from proxy.routing.passage import Ring
from proxy.session.notice import CredentialKept, Ended, tell_nobody
from proxy.session.revoked import Revoked

RINGS = 50_000
"""Sessions whose place in the ring is remembered; the one unused longest starts at the first server again."""

CREDENTIALS = 10_000
"""Sessions whose credentials are kept where a site delegates; the oldest has to sign in anew."""


class Book:
    """Survives reloads."""

    def __init__(self, revoked: Revoked, tell: Callable[[Ended | CredentialKept], None] = tell_nobody) -> None:
        self._tell = tell
        self.revoked = revoked
        """Ids of sessions that were ended before their time."""
        self.version = 0
        """Grows with every session that is ended: whoever remembers one open looks again."""
        self._rings: OrderedDict[str, Ring] = OrderedDict()
        self._credentials: OrderedDict[str, bytes] = OrderedDict()

    def end(self, session_id: str, until: float) -> None:
        """End a session for good; after `until` its cookie would be over anyway."""
        self._end(session_id, until)
        self._tell(Ended(session_id, until))

    def learn(self, notice: Ended | CredentialKept) -> None:
        """Take note of what happened in another process."""
        if isinstance(notice, Ended):
            self._end(*notice)
        else:
            self._keep(*notice)

    def _end(self, session_id: str, until: float) -> None:
        self.revoked.add(session_id, until)
        self._rings.pop(session_id, None)
        self._credentials.pop(session_id, None)
        self.version += 1

    def keep_credential(self, session_id: str, line: bytes) -> None:
        """Keep a session's `Authorization` line for backends, in memory only; it goes with the session."""
        self._keep(session_id, line)
        self._tell(CredentialKept(session_id, line))

    def _keep(self, session_id: str, line: bytes) -> None:
        if len(self._credentials) >= CREDENTIALS:
            self._credentials.popitem(last=False)
        self._credentials[session_id] = line

    def credential_of(self, session_id: str) -> bytes:
        """Give the line; empty: there is none (any more), so the user has to sign in anew."""
        return self._credentials.get(session_id, b"")

    def credentials(self) -> list[CredentialKept]:
        """List what is kept, for a process that comes later."""
        return [CredentialKept(name, line) for name, line in self._credentials.items()]

    def ring_of(self, session_id: str) -> Ring:
        """Give the place of a session among its site's servers, the same for all its connections."""
        ring = self._rings.get(session_id)
        if ring is None:
            if len(self._rings) >= RINGS:
                self._rings.popitem(last=False)
            ring = self._rings[session_id] = Ring(crc32(session_id.encode()))
        else:
            self._rings.move_to_end(session_id)
        return ring
