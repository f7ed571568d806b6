"""Every event there is, in one table; writing one down is left to `formats`.

To add an event, add an entry to `exchange.py`, `own.py`, `own_servers.py` or `operation.py`, and emit it where it
happens. Numbers below 1000 are those of Exchange 2010 and speak under the configured `events.provider`, numbers from
1000 on are ours.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from proxy.events.control_panel import CONTROL_PANEL
from proxy.events.entry import Entry
from proxy.events.exchange import EXCHANGE
from proxy.events.operation import OPERATION
from proxy.events.own import OWN
from proxy.events.own_servers import OWN_SERVERS
from proxy.events.record import Event

CATALOGUE: Mapping[int, Entry] = MappingProxyType(
    {entry.id: entry for entry in (*EXCHANGE, *CONTROL_PANEL, *OWN_SERVERS, *OWN, *OPERATION)}
)
"""Every event by its number."""

_PLACEHOLDER = re.compile(r"%([1-9])")


def message(event: Event) -> str:
    """Render the event's text; a parameter that is missing leaves its place empty. The result is not cleaned.

    Raises: KeyError for a number the catalogue does not have.
    """
    values = dict(enumerate(event.parameters, start=1))
    return _PLACEHOLDER.sub(lambda found: values.get(int(found[1]), ""), CATALOGUE[event.id].text)
