"""Writes a request's head anew for its server, or takes what the last request of the connection used."""

from proxy.message.affinity import without_credentials
from proxy.message.exchange2010 import without_shortcuts
from proxy.message.request import Leg, RequestFacts, is_usable_id
from proxy.message.response import Names
from proxy.model.message import RequestHead
from proxy.relay.equipment import Destination
from proxy.relay.seek import SeekRelay


class OutgoingRelay(SeekRelay):
    """Composes what goes to the server."""

    __slots__ = ()

    def surround(
        self, head: RequestHead, facts: RequestFacts, destination: Destination, *, trusted: bool
    ) -> tuple[bytes, bytes, Names]:
        """Compose the outgoing head but for method, target and request id, and the names to rewrite in the answer."""
        browser, memory = self.browser, self.memory
        self.trust = trust = "trusted" if trusted else "allowed"
        if browser.peer_trusted and is_usable_id(facts.request_id):
            self.request_id = facts.request_id
        passage = self.passage
        ours = b"" if passage is None else passage.credential if trusted and passage.credential else passage.identity
        if destination.accord is not None:
            ours = self.introduced(ours)
        if memory is not None and memory.written is not None and memory.written_for is not None:
            known, known_trusted, identity = memory.written_for
            if known is destination and known_trusted is trusted and identity is ours:  # a reload makes others
                return memory.written
        assert self.decision is not None
        if passage is not None and passage.credential:  # what the browser says of itself must not stand beside it
            facts = facts._replace(lines=without_credentials(facts.lines))
        if destination.accord is not None:
            facts = facts._replace(lines=without_shortcuts(facts.lines))
        host = facts.authority if self.decision.site.preserve_host else destination.host
        leg = Leg(browser.peer, browser.peer_trusted, host, trust.encode(), ours)
        middle, end = self.equipment.request_writer.surround(head.minor, facts, leg)
        names = Names(destination.internal, facts.authority, destination.server.host, facts.name)
        if memory is not None:
            memory.written, memory.written_for = (middle, end, names), (destination, trusted, ours)
        return middle, end, names

    def introduced(self, ours: bytes) -> bytes:
        """Add to the lines that say who signed in what servers of Exchange 2010 ask for; see `accord`."""
        raise NotImplementedError
