"""Finds a request its server: the site's ring in order, the next one when one fails; sending is left to `exchange`.

Another server is tried only where the one before cannot have acted: it was never connected, or the request is safe,
has no body, and has not been answered. A server that is not trusted is never passed over (event 43 must not be masked).
"""

from proxy.errors import (
    ClientFault,
    NoServerHealthy,
    OurFault,
    ProxyError,
    UpstreamBroke,
    UpstreamNotTrusted,
    UpstreamUnreachable,
)
from proxy.relay.balance import order_for
from proxy.relay.equipment import Destination
from proxy.relay.errand import NEVER, ErrandRelay
from proxy.relay.report import report_all_failed, report_next_server
from proxy.relay.state import SEEKING
from proxy.upstream.connection import UpstreamConnection

FAILING = frozenset((502, 503))
"""Statuses that say that a server cannot serve, as a refused connection would."""


class SeekRelay(ErrandRelay):
    """Goes from server to server."""

    __slots__ = ()

    def seek(self) -> None:
        """Begin with the server that the session is at, or where it begins; servers that are down come last."""
        assert self.decision is not None
        equipment = self.equipment
        servers = equipment.destinations.get(self.decision.site.name, ())
        if len(servers) == 1 and servers[0].standing.is_usable:  # the usual case first: tests/bench counts each step
            self.order = servers
        elif not servers:
            self.refuse(OurFault(503, "The site has been taken out of the settings.", retry_after=1))
            return
        else:
            self.order = order_for(self, servers)
            if not self.order:
                self._give_up(servers)
                return
            if not self.order[0].standing.is_usable:
                self.phase = SEEKING  # whether it can be reached is news, even by a connection that has rested
        self.try_server()

    def try_server(self) -> None:
        """Take a connection to the server whose turn it is, or wait for one."""
        destination = self.destination = self.order[self.attempt]
        tie, connection = self.browser.tie, None
        if tie.is_tied:
            connection = tie.take(destination)
            self.is_tied = connection is not None
        if connection is None and not self.retried:
            connection = destination.pool.lease()
        if connection is not None:
            self.on_connection(connection)
            return
        self.phase = SEEKING
        self.browser.deadline = NEVER  # the dial has its own limits
        if not self.request_ended:
            self.hold()
        destination.pool.wait_for_connection(self)

    def on_no_connection(self, error: ProxyError) -> None:
        """Try the next server after a connection-class failure, otherwise give up (see `report`)."""
        assert self.destination is not None
        health, now = self.equipment.health, self.equipment.ticks.now
        if isinstance(error, UpstreamUnreachable):
            health.note_failure(self.destination, str(error), now)
            if self.attempt + 1 < len(self.order):
                self.go_on(error)
                return
        elif isinstance(error, UpstreamNotTrusted):  # it is there: 43 must not be taken for an outage
            health.note_success(self.destination, now)
        self.refuse(error)

    def go_on(self, error: ProxyError) -> None:
        """Turn to the next server of the ring, and turn the session with it."""
        self.attempt += 1
        self.retried = False
        following = self.order[self.attempt]
        report_next_server(self, error, following)
        if self.passage is not None and self.passage.ring is not None and self.decision is not None:
            servers = self.equipment.destinations.get(self.decision.site.name, ())
            if following in servers:
                self.passage.ring.head = servers.index(following)
        self.try_server()

    def on_policy_changed(self) -> None:
        """Ask again under the policy now in force; nothing has been sent yet."""
        assert self.facts is not None
        self.equipment = self.browser.current_equipment()
        self.attempt = 0
        try:
            self.choose_again()
        except ClientFault as error:  # the site was taken out of the settings
            self.refuse(error)
            return
        self.seek()

    def turn_from(self, status: int) -> bool:
        """Tell whether an answer with this status is not taken, because another server is asked instead.

        The last server's answer is passed on as it came, with event 40.
        """
        destination, connection = self.destination, self.connection
        if status not in FAILING or destination is None or len(self.order) < 2:  # noqa: PLR2004 - nobody else
            return False
        server = destination.server
        sentence = f"{server.authority} answered {status}."
        error = UpstreamBroke(server.site, server.authority, sentence, "destination_unavailable")
        if not self.may_go_elsewhere():
            report_all_failed(self, error)
            return False
        self.connection = None
        if connection is not None:
            connection.abort()
        self.go_on(error)
        return True

    def _give_up(self, servers: tuple[Destination, ...]) -> None:
        """Answer that no server of the site works, and when it is worth coming again."""
        self.destination = servers[0]  # nobody asked it, but the logs say which site this was for
        seconds = self.equipment.health.retry_after(servers, self.equipment.ticks.now)
        self.refuse(NoServerHealthy(servers[0].server.site, seconds))

    def choose_again(self) -> None:
        """Decide anew where the request goes; see `exchange`."""
        raise NotImplementedError

    def on_connection(self, connection: UpstreamConnection) -> None:
        """Send the request; see `exchange`."""
        raise NotImplementedError
