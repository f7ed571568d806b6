"""Makes the sinks that the settings ask for; which of them are in use when is left to `outlets`."""

import os
from functools import partial
from pathlib import Path
from typing import NamedTuple

from proxy.events.formats import Voice
from proxy.events.rfc5424 import FACILITIES, SENDER, Sender, to_rfc5424
from proxy.model.sites import in_brackets
from proxy.settings.addresses import parse_address
from proxy.settings.check_events import DEFAULT_PORTS
from proxy.settings.events_schema import EventFile, EventSyslog
from proxy.settings.schema import Settings
from proxy.sinks.courier import Courier, Place
from proxy.sinks.file import RETRY_SECONDS, LogFile
from proxy.sinks.outbox import Outbox
from proxy.sinks.renderers import RENDERERS, Letter
from proxy.sinks.syslog import DATAGRAM_BYTES, Collector, Datagrams, Stream, collector_context


class Wish(NamedTuple):
    """All that a sink is made of: equal wishes need no other sink."""

    table: EventFile | EventSyslog
    """The settings of the sink."""
    voice: Voice
    """Who speaks."""
    period: float
    """How long repeats are held back where they are."""
    authorities: str
    """What the file of authorities holds."""


def wishes_of(settings: Settings, voice: Voice) -> tuple[Wish, ...]:
    """List the sinks that are asked for. Raises: OSError when a file of authorities cannot be read."""
    events = settings.events
    return (
        *(Wish(each, voice, events.throttle if each.format == "xml" else 0.0, "") for each in events.files),
        *(Wish(each, voice, 0.0, _authorities(each)) for each in events.syslog),
    )


def open_sink(wish: Wish) -> Outbox:
    """Make a sink that is not started yet. Raises: OSError, `ssl.SSLError` when authorities cannot be used."""
    return _file(wish.table, wish) if isinstance(wish.table, EventFile) else _collector(wish.table, wish)


def _file(file: EventFile, wish: Wish) -> Outbox:
    render = RENDERERS[file.format]
    courier = Courier(
        f"file {file.path}",
        LogFile(file.path, max_bytes=file.max_bytes, keep=file.keep),
        lambda letter: render(letter, wish.voice),
        pause=lambda _: RETRY_SECONDS,
    )
    return Outbox(courier, level=file.level, period=wish.period if file.format == "xml" else None)


def _collector(table: EventSyslog, wish: Wish) -> Outbox:
    address = parse_address(table.address, DEFAULT_PORTS[table.transport])
    collector = Collector(address.host, address.port)
    place: Place
    if table.transport == "udp":
        place, limit = Datagrams(collector), DATAGRAM_BYTES
    else:
        context = collector_context(wish.authorities) if table.transport == "tls" else None
        place, limit = Stream(collector, context), SENDER.limit
    name = f"collector {table.transport}://{in_brackets(address.host)}:{address.port}"
    courier = Courier(name, place, partial(_message, wish.voice, FACILITIES[table.facility], limit))
    return Outbox(courier, level=table.level)


def _message(voice: Voice, facility: int, limit: int, letter: Letter) -> bytes:
    return to_rfc5424(letter.event, letter.at, voice, letter.tally, Sender(facility, os.getpid(), limit))


def _authorities(collector: EventSyslog) -> str:
    return Path(collector.ca_file).read_text("ascii", "replace") if collector.ca_file else ""
