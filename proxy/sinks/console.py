"""Writes events to a stream: blocks for a person at a terminal, JSON lines for everything else.

People get an event at once and then summaries with exact counts; machines get a record for each, bounded per second.
How an event reads and which repeats are held back is decided in `events`; the words of a reason are `trust`'s.
"""

from dataclasses import dataclass, replace
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from proxy.events.catalogue import CATALOGUE
from proxy.events.formats import LEVEL_WORDS, Tally, Voice, Words, json_line, time_text, to_json, to_text
from proxy.events.record import Event
from proxy.events.throttle import PER_SECOND, PERIOD, RateBound, Throttle
from proxy.model.clean import clean_text
from proxy.sinks.stream import Stream, Writer
from proxy.trust.drawing import draw
from proxy.trust.reasons import describe, reason_named


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How the console writes."""

    blocks: bool = False
    """Blocks for people instead of JSON lines."""
    colour: bool = False
    """Colour in blocks."""
    level: str = "info"
    """Least grave level that is written: debug, info, warning, error."""
    period: float = PERIOD
    """Seconds within which repeats of a block are held back, `events.throttle`."""
    per_second: int = PER_SECOND
    """JSON records per second and event number."""


def choose_look(
    stream: Stream, log_format: str = "auto", *, level: str = "info", colour: bool = True, period: float = PERIOD
) -> Look:
    """Choose blocks or JSON: `auto` writes blocks on a terminal only, `text` writes them always, `json` never.

    Colour needs a terminal; the caller turns `colour` off for `--no-color` and `NO_COLOR`.
    """
    blocks = log_format == "text" or (log_format == "auto" and stream.is_terminal)
    return Look(blocks=blocks, colour=colour and blocks and stream.is_terminal, level=level, period=period)


class Console:
    """A sink for one stream."""

    name = "console"
    """What the sink is called."""

    def __init__(self, writer: Writer, voice: Voice, look: Look) -> None:
        self._writer = writer
        self._look = look
        self._throttle = Throttle(look.period)
        self._bound = RateBound(look.per_second)
        self._voice = voice
        self._log = self._make_log()

    def _make_log(self) -> Any:  # structlog's type
        look, voice = self._look, self._voice
        return structlog.wrap_logger(
            _Lines(self._writer),
            processors=[_Blocks(voice, colour=look.colour) if look.blocks else _Json(voice)],
            wrapper_class=structlog.make_filtering_bound_logger(look.level),
            context_class=dict,
            cache_logger_on_first_use=True,
        )

    @property
    def lost(self) -> int:
        """Records that the stream did not take."""
        return self._writer.lost

    @property
    def trouble(self) -> str:
        """Why the stream takes nothing now; empty when it does."""
        return self._writer.trouble

    def set_level(self, level: str) -> None:
        """Write from this level on: debug, info, warning, error."""
        self._look = replace(self._look, level=level)
        self._log = self._make_log()

    def write(self, event: Event, at: float) -> None:
        """Write the event, or hold it back and count it."""
        if self._look.blocks:
            for told in self._throttle.admit(event, at):
                self._record(told.event, at, Tally(repeats=told.repeats, seconds=told.seconds))
        elif (left_out := self._bound.admit(event, at)) is not None:
            self._record(event, at, Tally(left_out=left_out))

    def say(self, text: str, at: float, level: str = "info", **fields: str | int) -> None:
        """Write a plain line of start-up talk; what an operator must know is an event instead."""
        getattr(self._log, level)(text, at=at, fields=fields)

    def tick(self, now: float) -> None:
        """Write the summaries that are due."""
        for told in self._throttle.due(now):
            self._record(told.event, now, Tally(repeats=told.repeats, seconds=told.seconds))
        for event, left_out in self._bound.due(now):
            self._record(event, now, Tally(left_out=left_out))
        self._writer.flush()

    def close(self, now: float) -> None:
        """Write every summary that is outstanding."""
        for told in self._throttle.close(now):
            self._record(told.event, now, Tally(repeats=told.repeats, seconds=told.seconds))
        for event, left_out in self._bound.close():
            self._record(event, now, Tally(left_out=left_out))
        self._writer.flush()

    def _record(self, event: Event, at: float, tally: Tally) -> None:
        entry = CATALOGUE[event.id]
        getattr(self._log, LEVEL_WORDS[entry.level])(entry.symbol, record=event, at=at, tally=tally)


def words_of(event: Event) -> Words:
    """Put an event's cause and cure into words: the verdict's, else the reason's, else the catalogue's.

    With a verdict the words hold every reason and the drawn chain.
    """
    if event.verdict is None:
        return _words_of_reason(event)
    chain = tuple(draw(event.verdict))
    deciding = event.verdict.deciding
    if deciding is None:
        return replace(_words_of_reason(event), chain=chain)
    return Words(
        why=deciding.sentence,
        others=tuple(each.sentence for each in event.verdict.findings[1:]),
        resembles=event.verdict.resembles,
        fix=deciding.cure,
        chain=chain,
    )


def _words_of_reason(event: Event) -> Words:
    cure = CATALOGUE[event.id].cure
    if not event.reason:
        return Words(fix=cure)
    words = describe(reason_named(event.reason))
    return Words(why=words.sentence, fix=words.cure)


class _Lines:
    """The end of the chain of processors: what structlog calls a logger."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def _write(self, line: bytes) -> None:
        self._writer.write(line)

    debug = info = warning = error = _write


@dataclass(frozen=True, slots=True)
class _Json:
    """Last processor for machines."""

    voice: Voice

    def __call__(
        self, _logger: WrappedLogger, level: str, said: EventDict
    ) -> tuple[tuple[bytes], dict[str, Any]]:  # structlog's type
        if "record" in said:
            return (to_json(said["record"], said["at"], self.voice, said["tally"]),), {}
        us = self.voice.first_server
        line = {"log.level": level, "message": said["event"], "event.module": "casproxy", "observer.name": us}
        own = {f"casproxy.{name}": value for name, value in said["fields"].items()}
        return (json_line(said["at"], {**line, **own}),), {}


@dataclass(frozen=True, slots=True)
class _Blocks:
    """Last processor for people."""

    voice: Voice
    colour: bool

    def __call__(
        self, _logger: WrappedLogger, level: str, said: EventDict
    ) -> tuple[tuple[bytes], dict[str, Any]]:  # structlog's type
        if "record" in said:
            event = said["record"]
            return (to_text(event, said["at"], self.voice, words_of(event), said["tally"], colour=self.colour),), {}
        facts = "".join(f"  {name} {value}" for name, value in said["fields"].items())
        line = f"{time_text(said['at'])[11:19]} {level.upper():<5} {clean_text(said['event'] + facts)}\n"
        return (line.encode(),), {}
