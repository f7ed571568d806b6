"""What an exchange says to the log: an event for a fault, an access entry at its end; `refuse` answers."""

from time import perf_counter, time

from proxy.errors import (
    LoopDetected,
    NoServerHealthy,
    OurFault,
    ProxyError,
    TooManyGroups,
    UpstreamBroke,
    UpstreamBusy,
    UpstreamDisowned,
    UpstreamFault,
    UpstreamForbade,
    UpstreamIncompatible,
    UpstreamNotTrusted,
    UpstreamTimedOut,
    UpstreamTlsFault,
    UpstreamUnreachable,
)
from proxy.events.access import NOWHERE, AccessEntry, Way
from proxy.events.record import Event
from proxy.model.reply import Deed
from proxy.relay.equipment import Destination
from proxy.relay.refuse import reason_word, verdict_of
from proxy.relay.state import ExchangeState
from proxy.routing.rules import ECP_TWIN

NO_DEED = Deed.NONE  # up to Python 3.11 a member is looked up in a slow way
_new = tuple.__new__  # a named tuple's own constructor is a Python function: 0.4 µs a request

TRUST_FAILURE = 43
NEXT_SERVER = 39
ALL_SERVERS_FAILED = 40
ECP_TRUST_FAILURE, ECP_ALL_SERVERS_FAILED = 26, 29
"""The Control Panel's numbers, for paths below /ecp; 43 is written all the same."""

EVENT_OF_ERROR: dict[type[ProxyError], int] = {
    UpstreamNotTrusted: TRUST_FAILURE,
    UpstreamUnreachable: ALL_SERVERS_FAILED,
    UpstreamTlsFault: 1001,
    UpstreamTimedOut: 1002,
    UpstreamBroke: 1003,
    UpstreamBusy: 1004,
    UpstreamForbade: 42,
    TooManyGroups: 44,
    UpstreamIncompatible: 46,
    UpstreamDisowned: 71,
    NoServerHealthy: 1049,
    LoopDetected: 1005,
    OurFault: 1006,
}
"""Errors that are events too; a browser's faults stand in the access log only."""

DEFECT_STATUS = 500
"""Only this one is a defect: what else we answer for (a limit, the end) has events of its own, told once."""


LONGEST_METHOD = 32
"""Bytes of a method that are logged when the head could not be read."""


def report_error(exchange: ExchangeState, error: ProxyError) -> None:
    """Emit the event of an error, if it has one."""
    number = EVENT_OF_ERROR.get(type(error))
    if number is None or (isinstance(error, OurFault) and error.status != DEFECT_STATUS):
        return
    parameters = _parameters(exchange, error)
    if number != TRUST_FAILURE and is_control_panel(exchange):
        number = ECP_TWIN.get(number, number)
    exchange.equipment.emit(_event(exchange, error, number, parameters))
    if number == TRUST_FAILURE and is_control_panel(exchange):
        exchange.equipment.emit(_event(exchange, error, ECP_TRUST_FAILURE, parameters))


def _parameters(exchange: ExchangeState, error: ProxyError) -> tuple[str, ...]:
    """Give what the text of an error's event names, in its order."""
    us, destination = exchange.equipment.label, exchange.destination
    if isinstance(error, NoServerHealthy):
        return us, error.site
    if destination is None or not isinstance(error, UpstreamFault | TooManyGroups):
        return (us,)
    if isinstance(error, UpstreamUnreachable):
        return us, destination.label, error.error_type
    if isinstance(error, UpstreamIncompatible):
        return us, error.ours, destination.label, error.theirs
    if isinstance(error, TooManyGroups):
        user = exchange.passage.user if exchange.passage is not None else ""
        return us, destination.label, user, str(error.limit)
    return us, destination.label


def is_control_panel(exchange: ExchangeState) -> bool:
    """Tell whether the request is for the Exchange Control Panel, which has numbers of its own for some events."""
    target = exchange.facts.target if exchange.facts is not None else b""
    return target[:4].lower() == b"/ecp" and target[4:5] in (b"", b"/", b"?")


def report_next_server(exchange: ExchangeState, error: ProxyError, following: Destination) -> None:
    """Emit event 39: a server failed and the site's next one is tried."""
    failed = exchange.destination.label if exchange.destination is not None else ""
    parameters = (exchange.equipment.label, failed, following.label, error.error_type)
    exchange.equipment.emit(_event(exchange, error, NEXT_SERVER, parameters))


def report_all_failed(exchange: ExchangeState, error: ProxyError) -> None:
    """Emit event 40: a server failed and the site has no other that may be tried; its answer is passed on."""
    failed = exchange.destination.label if exchange.destination is not None else ""
    parameters = (exchange.equipment.label, failed, error.error_type)
    number = ECP_ALL_SERVERS_FAILED if is_control_panel(exchange) else ALL_SERVERS_FAILED
    exchange.equipment.emit(_event(exchange, error, number, parameters))


def _event(exchange: ExchangeState, error: ProxyError, number: int, parameters: tuple[str, ...]) -> Event:
    asked = None if isinstance(error, NoServerHealthy) else exchange.destination
    server = asked.server if asked is not None else None
    policy = exchange.decision.site.policy if exchange.decision is not None else None
    return Event(
        id=number,
        parameters=parameters,
        site=server.site if server else getattr(error, "site", ""),
        server=server.authority if server else "",
        address=server.connect_host if server else "",
        port=server.connect_port if server else 0,
        reason=reason_word(error),
        code=error.code if isinstance(error, UpstreamNotTrusted) else None,
        code_text=error.text if isinstance(error, UpstreamNotTrusted) else "",
        policy=policy.name if policy else "",
        policy_source=policy.source if policy else "",
        generation=policy.generation if policy else 0,
        request_id=exchange.request_id.decode("ascii", "replace"),
        proxy_status=error.error_type,
        verdict=verdict_of(error),
        note=str(error),
    )


def record_access(exchange: ExchangeState) -> None:
    """Write the request's line to the access log, or have it counted at least."""
    equipment = exchange.equipment
    record = equipment.record_access
    if record is None:
        return
    if equipment.is_counted_only:
        record(_count_entry(exchange))
        return
    head, facts, destination, decision = exchange.head, exchange.facts, exchange.destination, exchange.decision
    passage, reply = exchange.passage, exchange.reply
    if head is not None:
        method, target, minor, _ = head
    else:
        method, target, *_ = [*exchange.unread.partition(b"\r")[0].split(b" "), b"", b""]
        method, minor = method[:LONGEST_METHOD], 1
    browser = exchange.browser
    entry = (
        time(),
        browser.peer,
        exchange.request_id,
        method,
        target,
        exchange.status,
        exchange.bytes_out,
        exchange.bytes_in,
        perf_counter() - exchange.started,
        facts[0] if facts is not None else b"",  # the authority
        exchange.answer_seconds,
        reply.deed if reply is not None else NO_DEED,
        destination.way if destination is not None else NOWHERE if reply is None else Way(reply.site),
        decision[3] if decision is not None else reply.because if reply is not None else "",
        exchange.trust,
        exchange.error_type,
        passage[2] if passage is not None else "",  # the user
        browser.tls_version,
        minor,
    )
    record(_new(AccessEntry, entry))


def _count_entry(exchange: ExchangeState) -> AccessEntry:
    """Make an entry of what is counted, and of nothing else: a third of the time of a whole one."""
    head, reply, destination = exchange.head, exchange.reply, exchange.destination
    entry = (
        0.0, b"", b"",
        head[0] if head is not None else b"",  # the method
        b"",
        exchange.status,
        0, 0,
        perf_counter() - exchange.started,
        b"",
        exchange.answer_seconds,
        reply.deed if reply is not None else NO_DEED,
        destination.way if destination is not None else NOWHERE if reply is None else Way(reply.site),
        "", "", "", "", "", 1,
    )  # fmt: skip
    return _new(AccessEntry, entry)
