"""Ties a browser's connection to a backend's, once one of them has signed the other in; the pool never sees it again.

From the first NTLM or Negotiate challenge or credential on, a backend takes whatever comes on that connection for one
user. The tie holds until either connection ends, or the server's trust or the policy changes.
"""

from proxy.relay.equipment import Destination
from proxy.upstream.connection import UpstreamConnection


class Tie:
    """What one browser's connection is tied to. Construct one for each."""

    __slots__ = ("_connection", "_destination")

    def __init__(self) -> None:
        self._connection: UpstreamConnection | None = None
        self._destination: Destination | None = None

    @property
    def is_tied(self) -> bool:
        """Whether it is tied to a connection, which may have ended meanwhile."""
        return self._connection is not None

    def tie(self, connection: UpstreamConnection, destination: Destination) -> None:
        """Keep a connection for this browser alone, after a whole answer on it."""
        if connection is not self._connection:
            self.cut()
        self._connection, self._destination = connection, destination
        if not destination.pool.keep(connection):
            self.cut()

    def take(self, destination: Destination) -> UpstreamConnection | None:
        """Give the connection if it leads there and may still be used; None: ask the pool.

        The caller ties it again after the answer, or lets it go.
        """
        connection = self._connection
        if connection is None:
            return None
        if self._destination is destination and destination.pool.may_keep(connection) and connection.is_fresh():
            self._connection = None
            return connection
        self.cut()
        return None

    def cut(self) -> None:
        """Close the connection: the browser has gone, or may not use it any longer."""
        connection, self._connection = self._connection, None
        self._destination = None
        if connection is not None:
            connection.close()
