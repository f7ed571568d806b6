"""Promises of the keys of `[events]`."""

from proxy.events.rfc5424 import FACILITIES
from proxy.settings.check_events import DEFAULT_PORTS
from proxy.settings.events_schema import EventFile, Events, EventSyslog
from proxy.settings.keys import key_named
from proxy.sinks.outbox import GRAVITY
from proxy.sinks.renderers import RENDERERS


def choices(table, name):
    """Give all that a key may be."""
    return set(key_named(table, name).choices)


def test_every_choice_is_understood():
    """Formats, facilities, transports and levels are those of the rooms that use them."""
    assert choices(EventFile, "format") <= RENDERERS.keys()
    assert choices(EventSyslog, "facility") == FACILITIES.keys()
    assert choices(EventSyslog, "transport") == DEFAULT_PORTS.keys()
    assert choices(EventFile, "level") == choices(EventSyslog, "level") == GRAVITY.keys() - {"debug"}


def test_nothing_is_written_or_sent_unless_somebody_says_so():
    """Events go to standard error alone."""
    assert (Events().files, Events().syslog) == ((), ())
