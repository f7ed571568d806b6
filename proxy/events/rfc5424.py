"""Writes an event as a syslog message of RFC 5424; framing and transport are left to `sinks.syslog`.

The number of the event is the MSGID, so that `MSGID=43` finds every refusal. Structured data holds what `facts` knows,
in the order of its names; the message is the event's text in UTF-8 behind the mark that §6.4 demands.
"""

from typing import NamedTuple

from proxy.events.catalogue import CATALOGUE, message
from proxy.events.entry import Level
from proxy.events.facts import facts_of
from proxy.events.formats import ONCE, Tally, Voice, provider_of, time_text
from proxy.events.record import Event
from proxy.model.clean import clean_text

ENTERPRISE = 32473
"""The enterprise number for documentation (RFC 5612): this product owns none."""

FACILITIES = {
    "kern": 0, "user": 1, "mail": 2, "daemon": 3, "auth": 4, "syslog": 5, "lpr": 6, "news": 7, "uucp": 8, "cron": 9,
    "authpriv": 10, "ftp": 11, "local0": 16, "local1": 17, "local2": 18, "local3": 19, "local4": 20, "local5": 21,
    "local6": 22, "local7": 23,
}  # fmt: skip
"""Facilities by the names that syslog daemons use; Source: RFC 5424 §6.2.1."""

_SEVERITIES = {Level.ERROR: 3, Level.WARNING: 4, Level.INFORMATION: 6}
_MARK = "\ufeff".encode()
"""What begins a message in UTF-8 (§6.4)."""
_NIL = "-"
_HOST_LENGTH = 255
_FACT = 256
"""Characters of one fact, so that one never crowds out the others."""


class Sender(NamedTuple):
    """What a place that takes messages wants of them."""

    facility: int = FACILITIES["local0"]
    """Number of the facility."""
    process: int = 0
    """Our process number; 0 for not known."""
    limit: int = 8192
    """Bytes of a message; what rsyslog takes by default."""


SENDER = Sender()
"""Nothing special."""


def to_rfc5424(event: Event, at: float, voice: Voice, tally: Tally = ONCE, sender: Sender = SENDER) -> bytes:
    """Write the event as one message without framing and without control characters.

    A message that would be too long loses facts first, the last of them, then the end of its text.
    """
    entry = CATALOGUE[event.id]
    facts = {**facts_of(event, tally), "provider": provider_of(entry, voice)}
    head = " ".join(
        (
            f"<{sender.facility * 8 + _SEVERITIES[entry.level]}>1",
            time_text(at),
            _host(voice.first_server),
            "casproxy",
            str(sender.process or _NIL),
            str(entry.id),
            _structured(facts, sender.limit // 2),
        )
    )
    return _shorten(head.encode() + b" " + _MARK + clean_text(message(event)).encode(), sender.limit)


def _shorten(text: bytes, limit: int) -> bytes:
    """Cut between two characters of UTF-8; an ellipsis says so."""
    if len(text) <= limit:
        return text
    mark = "…".encode()
    return text[: limit - len(mark)].decode(errors="ignore").encode() + mark


def _host(name: str) -> str:
    """Write a host name in the visible ASCII that §6.2.4 allows."""
    return "".join(char if "!" <= char <= "~" else "_" for char in name)[:_HOST_LENGTH] or _NIL


def _structured(facts: dict[str, str], room: int) -> str:
    """Write the facts that fit into so many bytes."""
    element = f"[casproxy@{ENTERPRISE}"
    for name, value in facts.items():
        fact = f' {name}="{_escape(value)}"'
        room -= len(fact.encode())
        if room < 0:
            break
        element += fact
    return f"{element}]"


def _escape(value: str) -> str:
    r"""Escape the three characters of §6.3.3; a backslash that cleaning brings in is escaped as well."""
    return clean_text(value, _FACT).replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")
