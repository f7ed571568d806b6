"""What the admin listener tells and may change, put together from everybody's answers; HTTP is `admin`'s."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from proxy import __version__
from proxy.admin.answers import (
    Config,
    ConfigState,
    Connections,
    Level,
    Policies,
    ReloadState,
    Servers,
    SinkState,
    Sites,
    Status,
    SwitchValue,
    Trust,
)
from proxy.admin.orders import Reloaded, TrustChanged
from proxy.admin.state import ChangeRefused, TakesRestart, UnknownSite
from proxy.events.formats import Voice
from proxy.events.record import Emit, Event
from proxy.metrics.expose import expose
from proxy.metrics.gauges import Certificates, Moment, gauges_of
from proxy.metrics.names import Snapshot
from proxy.metrics.totals import Totals, traffic_of
from proxy.service import admin_answers
from proxy.service.control import Control, Reload, default_of
from proxy.service.crew import CannotApply, Report
from proxy.service.outlets import Logs
from proxy.service.standings import to_plain_standing
from proxy.settings.addresses import parse_address
from proxy.settings.effective import render_toml
from proxy.settings.parse import Parsed
from proxy.sinks.recent import Recent


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What the admin listener tells from."""

    control: Control
    totals: Totals
    """What all processes counted."""
    certificates: Certificates
    """Ends of what servers presented."""
    recent: Recent
    """The last events."""
    emit: Emit
    """Takes an event."""
    count: Callable[[], None]
    """Takes what this process counted over into the totals."""
    reload: Callable[[], Awaitable[Reload]]
    """Reads the settings anew."""
    logs: Logs | None
    """Where events go; None: nowhere that could be told of."""
    lab_ca: bytes = b""
    """The lab's authority as PEM."""


class ControlState:
    """A proxy as the admin listener sees it."""

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings
        self._control = holdings.control
        self._hashed: tuple[Parsed, str] | None = None

    # ── told at once ─────────────────────────────────────────────────────────────────────────────

    @property
    def recent(self) -> Recent:
        """The last events."""
        return self._holdings.recent

    @property
    def voice(self) -> Voice:
        """Who speaks in events."""
        settings = self._control.in_force.loaded.settings
        return Voice(first_server=self._control.name, provider=settings.events.provider)

    def is_ready(self) -> bool:
        """Tell whether new requests are welcome; backends and their trust do not count."""
        return self._control.is_ready()

    def verdicts(self) -> list[dict[str, Any]]:
        """Give what is known of every server's trust, as plain values."""
        return [to_plain_standing(standing) for standing in self._control.monitor.standings()]

    def admin_token(self) -> str:
        """Give the token of the admin API in force."""
        return self._control.in_force.loaded.admin_token

    def reads_need_token(self) -> bool:
        """Tell whether reading takes the token, too: where others than this machine's users can ask."""
        return not parse_address(self._control.in_force.loaded.settings.server.admin).is_loopback

    def emit(self, event: Event) -> None:
        """Say that something happened."""
        self._holdings.emit(event)

    def lab_ca(self) -> bytes:
        """Give the lab's authority as PEM; empty when there is no lab."""
        return self._holdings.lab_ca

    def policies(self) -> Policies:
        """Give every site's trust policy with the origin of its keys."""
        return admin_answers.policies_of(self._control.in_force)

    def trust(self) -> Trust:
        """Give the switch everywhere."""
        return admin_answers.trust_of(self._control.in_force, default_of(self._control.in_force))

    def config(self) -> Config:
        """Give the settings in force, secrets masked."""
        return admin_answers.config_of(self._control.in_force, default_of(self._control.in_force))

    def log_level(self) -> Level:
        """Give the least grave level that is logged."""
        logs = self._holdings.logs
        return logs.level if logs is not None else self._control.in_force.loaded.settings.log.level

    # ── asked of everybody ───────────────────────────────────────────────────────────────────────

    async def metrics(self) -> bytes:
        """Give what was counted, in Prometheus' text format."""
        reports = await self._control.crew.reports()
        merged = self._merged()
        gauges = gauges_of(self._moment(reports), self._holdings.certificates)
        return await asyncio.to_thread(expose, merged, gauges)

    async def status(self) -> Status:
        """Give the proxy as a whole."""
        control = self._control
        reports = await control.crew.reports()
        last = control.last_reload
        logs = self._holdings.logs
        losses = logs.losses() if logs is not None else {}
        return Status(
            name=control.name,
            version=__version__,
            started_at=admin_answers.time_of(control.started_at),
            ready=control.is_ready(),
            draining=control.is_draining,
            reads_need_token=self.reads_need_token(),
            may_change=bool(self.admin_token()),
            transports=reports[0].transports if reports else "",
            workers=admin_answers.worker_states(reports),
            config=ConfigState(
                file=control.in_force.loaded.file,
                loaded_at=admin_answers.time_of(control.loaded_at),
                last_reload=None
                if last is None
                else ReloadState(at=admin_answers.time_of(last.at), ok=last.ok, sentence=last.sentence),
            ),
            sinks=tuple(SinkState(name=name, lost=lost) for name, lost in losses.items()),
            log_level=self.log_level(),
        )

    async def sites(self) -> Sites:
        """Give every site with its traffic."""
        await self._control.crew.reports()
        return admin_answers.sites_of(self._control.in_force.loaded.topology, traffic_of(self._merged()))

    async def servers(self) -> Servers:
        """Give every server with its health and connections."""
        reports = await self._control.crew.reports()
        return admin_answers.servers_of(self._control.in_force.loaded.topology, reports, time.time())

    async def connections(self) -> Connections:
        """Give the connections on both sides."""
        return admin_answers.connections_of(await self._control.crew.reports())

    # ── changes ──────────────────────────────────────────────────────────────────────────────────

    async def set_trust(self, site: str | None, value: SwitchValue | None) -> TrustChanged:
        """Turn the switch; it is in force on every worker on return.

        Raises: UnknownSite, TakesRestart, ChangeRefused.
        """
        loaded = self._control.in_force.loaded
        names = [each.name for each in loaded.topology.sites]
        if site is not None and site.casefold() not in {name.casefold() for name in names}:
            raise UnknownSite(f"There is no site {site!r}.", f"There are: {', '.join(names)}.")
        if loaded.settings.server.switch_takes_restart:
            raise TakesRestart(
                "server.switch_takes_restart is set: the switch is read at the start only.",
                "Change the settings and start the proxy anew.",
            )
        try:
            turned = await self._control.turn_switch(site, None if value is None else bool(value))
        except CannotApply as fault:
            raise ChangeRefused(str(fault), "Nothing has changed.") from fault
        return admin_answers.changes_of(turned, site)

    async def reload(self) -> Reloaded:
        """Read the settings anew; a refusal is told in the answer."""
        told = await self._holdings.reload()
        return Reloaded(reloaded=told.ok, sentence=told.sentence)

    async def set_log_level(self, level: Level) -> None:
        """Log from this level on."""
        if self._holdings.logs is not None:
            self._holdings.logs.set_level(level)

    # ── parts ────────────────────────────────────────────────────────────────────────────────────

    def _merged(self) -> Snapshot:
        self._holdings.count()
        return self._holdings.totals.merged()

    def _config_hash(self) -> str:
        """Give a digest of the settings in force, made once for each: with 100 sites it takes 50 ms of the loop."""
        parsed = self._control.in_force.loaded.parsed
        if self._hashed is None or self._hashed[0] is not parsed:
            text = render_toml(parsed, show_origin=False)
            self._hashed = (parsed, hashlib.sha256(text.encode()).hexdigest())
        return self._hashed[1]

    def _moment(self, reports: list[Report]) -> Moment:
        control, logs = self._control, self._holdings.logs
        loaded = control.in_force.loaded
        self._holdings.certificates.look(
            (standing.watched.server, standing.known.verdict) for standing in control.monitor.standings()
        )
        health = admin_answers.health_of(reports, time.time())
        return Moment(
            version=__version__,
            topology=loaded.topology,
            reload_ok=control.last_reload is None or control.last_reload.ok,
            reloaded_at=control.loaded_at,
            config_hash=self._config_hash(),
            in_flight=sum(each.in_flight for each in reports),
            healthy={address: each.state != "down" for address, each in health.items()},
            lost=logs.losses() if logs is not None else {},
        )
