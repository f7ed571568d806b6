"""A lively organisation behind the admin API: sites of every kind, traffic that grows, events of the last hour."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from proxy.admin.answers import Health, Policy, Pool, Server, Servers, Site, Sites, Status, SwitchValue, Traffic
from proxy.admin.orders import TrustChanged
from proxy.events.record import Event
from tests.admin.looks import MARKUP, all_looks
from tests.admin_double import DoubleState, KeptByHand, Stand

HEALTH = {
    "cas07.branch.example": Health(state="half_open", since="2026-11-23T18:00:00Z", why="failed 3 times in a row"),
    "cas12.cellar.example": Health(state="down", since="2026-11-23T18:00:00Z", why=f"connection refused {MARKUP}"),
    "cas09.yard.example": Health(state="unchecked"),
}
"""Servers that are not simply up."""


SERVERS = {
    "HQ": ("cas01.hq.example", "cas03.hq.example"),
    "Branch": ("cas02.branch.example", "cas07.branch.example"),
    "Plant": ("cas04.plant.example",),
    "Warehouse": ("cas05.warehouse.example",),
    "Depot": ("cas06.depot.example",),
    "Cellar": ("cas12.cellar.example",),
    "Remote": (),
    MARKUP: ("cas09.yard.example", "cas10.yard.example:8443"),
}
"""Sites and their servers; the last site has no look yet, and a server whose InternalURL is http."""


@dataclass
class LivelyState(DoubleState):
    """Sites of every kind; each question about sites finds more traffic."""

    kept: KeptByHand = field(default_factory=KeptByHand)
    plain_verdicts: list[dict[str, Any]] = field(default_factory=all_looks)
    stands: dict[str, Stand] = field(
        default_factory=lambda: (
            {name: Stand(1, "default") for name in SERVERS}
            | {"Warehouse": Stand(0, "sites.Warehouse.trust"), "HQ": Stand(0, "sites.HQ.trust")}
        )
    )
    health: dict[str, Health] = field(default_factory=lambda: dict(HEALTH))
    shift: int = 0
    """Makes a start of its own of each."""
    asked: int = 0
    further: int = 0
    """So many sites without servers besides."""

    def emit(self, event: Event, ago: float = 0.0) -> None:
        """Keep the event as one of so many seconds ago."""
        self.kept.write(event, time.time() - ago)

    async def status(self) -> Status:
        """Give what the double gives, with a start in the past."""
        started = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=5 + self.shift)
        return replace(await super().status(), started_at=started.isoformat().replace("+00:00", "Z"))

    async def sites(self) -> Sites:
        """Give every site."""
        self.asked += 1
        names = [*SERVERS, *(f"Site {number}" for number in range(self.further))]
        return Sites(sites=tuple(self._site(number, name) for number, name in enumerate(names)))

    def _site(self, number: int, name: str) -> Site:
        stand = self.stands.get(name, self.default)
        requests = self.asked * (37 - 5 * number) if number < 6 else 0
        return Site(
            name=name,
            default=name == "HQ",
            hosts=(),
            paths=(),
            external_url="https://mail.remote.example/owa" if name == "Remote" else "",
            redirect="manual",
            policy=Policy(
                allow_internal_untrusted_certs=stand.value,
                name="allow" if stand.value else "enforce",
                source=stand.source,
                run_time=stand.run_time,
                generation=1,
            ),
            servers=SERVERS.get(name, ()),
            traffic=Traffic(
                requests=requests, errors=requests // 4 if number == 3 else 0, seconds=requests * 0.012 * (1 + number)
            ),
        )

    async def servers(self) -> Servers:
        """Give every server."""
        return Servers(
            servers=tuple(
                Server(
                    site=site,
                    server=server,
                    url=f"{'http' if '8443' in server else 'https'}://{server}/owa",
                    dialled=f"{server}:443",
                    tls_name=server,
                    health=self.health.get(server, Health(state="up", since="2026-11-23T18:00:00Z")),
                    connections=Pool(open=2, idle=1),
                )
                for site, servers in SERVERS.items()
                for server in servers
            )
        )

    async def set_trust(self, site: str | None, value: SwitchValue | None) -> TrustChanged:
        """Turn the switch and say so."""
        changed = await super().set_trust(site, value)
        self.emit(switched(site or "", value))
        return changed


def refusal(site: str, server: str, reason: str, note: str = "") -> Event:
    """Give a 43."""
    return Event(
        id=43,
        parameters=("CAS01", server),
        site=site,
        server=server,
        address="10.20.0.7",
        port=443,
        reason=reason,
        code=18,
        code_text="self-signed certificate",
        policy="enforce",
        policy_source=f"sites.{site}.trust",
        request_id="6f3f2c1a9d",
        note=note,
    )


def switched(site: str, value: SwitchValue | None) -> Event:
    """Give what tells of a change of settings."""
    return Event(id=1010, parameters=("CAS01",), site=site, note=f"The switch is {value} now.")


def happen(state: LivelyState) -> None:
    """Fill the last hour with events, the oldest first."""
    past: list[tuple[int, Event]] = [
        (58, Event(id=14, parameters=("CAS01",))),
        (55, switched("Warehouse", 0)),
        (26, Event(id=1011, parameters=("CAS01",), note="casproxy.toml:3: sites.nam is no key.")),
        (15, failover("Cellar", "cas12.cellar.example")),
    ]
    note = f"Mozilla {MARKUP}"
    past += [
        (minutes, refusal("Warehouse", "cas05.warehouse.example", "name_mismatch", note))
        for minutes in (52, 44, 43, 31, 30, 12, 2)
    ]
    past += [(minutes, use("Branch", "cas02.branch.example", "self_signed")) for minutes in range(50, 3, -9)]
    for minutes, event in sorted(past, key=lambda each: -each[0]):
        state.emit(event, minutes * 60)


def use(site: str, server: str, reason: str) -> Event:
    """Give a 1043."""
    return Event(id=1043, parameters=("CAS01", server), site=site, server=server, reason=reason, policy="allow")


def failover(site: str, server: str) -> Event:
    """Give a 39."""
    return Event(
        id=39, parameters=("CAS01", server, "cas13.cellar.example", "ConnectFailure"), site=site, server=server
    )
