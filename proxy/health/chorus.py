"""Joins what several processes find out about the same servers, so that each turn is told once.

Each worker meets failing connections by itself. Carrying their words from process to process is left to others.
"""

from proxy.health.standing import Turn
from proxy.model.sites import Server


class Chorus:
    """Who says of which server that it is down."""

    def __init__(self) -> None:
        self._down: dict[Server, set[int]] = {}

    def hear(self, who: int, turn: Turn) -> Turn | None:
        """Take a turn that a process tells; give it back if it is news: the first says down, the last says up."""
        speakers = self._down.get(turn.server, set())
        if not turn.is_up:
            self._down[turn.server] = speakers | {who}
            return None if speakers else turn
        if who not in speakers:
            return None
        return turn if self._leave(turn.server, who) else None

    def forget(self, who: int) -> list[Turn]:
        """Forget what a process said that has ended; gives the turns that this makes news."""
        told = [server for server, speakers in self._down.items() if who in speakers]
        return [Turn(server=server, is_up=True, why="") for server in told if self._leave(server, who)]

    def _leave(self, server: Server, who: int) -> bool:
        """Count somebody out; tells whether nobody is left who says that the server is down."""
        left = self._down.pop(server) - {who}
        if left:
            self._down[server] = left
        return not left
