"""An admin listener that says what a test tells it to, and a state for the real one that a test turns by hand."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from proxy.admin.answers import (
    Config,
    ConfigKey,
    ConfigState,
    Connections,
    Health,
    Key,
    Level,
    Policies,
    Policy,
    Pool,
    Server,
    ServerPool,
    Servers,
    SinkState,
    Site,
    SitePolicy,
    Sites,
    SiteSwitch,
    Status,
    Switch,
    SwitchValue,
    Traffic,
    Trust,
    WorkerConnections,
    WorkerState,
)
from proxy.admin.orders import Reloaded, SwitchChange, TrustChanged
from proxy.admin.state import TakesRestart, UnknownSite
from proxy.events.formats import Voice
from proxy.events.record import Event
from proxy.sinks.recent import Recent

START = "2026-11-23T18:00:00Z"
NOW = 1_795_457_000.0
"""The time of the first event; each further one comes a second later."""


@contextmanager
def admin_listener(status: int, body: bytes) -> Iterator[tuple[str, list[str | None]]]:
    """Answer like an admin listener; gives its address and the headers that came."""
    seen: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers["Authorization"])
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class KeptByHand(Recent):
    """The last events; each happens a second after the one before."""

    def write(self, event: Event, at: float | None = None) -> None:
        """Keep an event and tell who follows."""
        super().write(event, NOW + self.last if at is None else at)


@dataclass
class Stand:
    """Where the switch stands and why."""

    value: SwitchValue
    source: str
    run_time: bool = False


@dataclass
class DoubleState:
    """An `AdminState` with three sites, Branch among them with a server that is not trusted; tests change the fields.

    The switch, the log level and the events are real in it; `reload_ok` tells how a reload goes.
    """

    token: str = "s3cret-token"
    ready: bool = True
    guarded_reads: bool = False
    takes_restart: bool = False
    reload_ok: bool = True
    ca: bytes = b""
    level: Level = "info"
    default: Stand = field(default_factory=lambda: Stand(1, "default"))
    stands: dict[str, Stand] = field(
        default_factory=lambda: {
            "HQ": Stand(1, "default"),
            "Branch": Stand(0, "sites.Branch.trust"),
            "Partner": Stand(1, "default"),
        }
    )
    kept: KeptByHand = field(default_factory=KeptByHand)
    plain_verdicts: list[dict[str, Any]] = field(
        default_factory=lambda: [
            plain_verdict("HQ", "cas01.hq.example", reason=""),
            plain_verdict("Branch", "cas02.branch.example", reason="self_signed"),
            plain_verdict("Partner", "cas03.partner.example", reason="expired"),
        ]
    )
    traffic: dict[str, Traffic] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    """What was asked for that changes something, in order."""

    @property
    def recent(self) -> KeptByHand:
        """The last events."""
        return self.kept

    @property
    def voice(self) -> Voice:
        """Who speaks."""
        return Voice(first_server="CAS01")

    def is_ready(self) -> bool:
        """Tell."""
        return self.ready

    def verdicts(self) -> list[dict[str, Any]]:
        """Give the verdicts."""
        return self.plain_verdicts

    def admin_token(self) -> str:
        """Give the token."""
        return self.token

    def reads_need_token(self) -> bool:
        """Tell."""
        return self.guarded_reads

    def emit(self, event: Event) -> None:
        """Keep the event."""
        self.kept.write(event)

    def lab_ca(self) -> bytes:
        """Give the authority."""
        return self.ca

    def policies(self) -> Policies:
        """Give the policies with one more key."""
        return Policies(
            policies=tuple(
                SitePolicy(
                    site=name,
                    allow_internal_untrusted_certs=stand.value,
                    source=stand.source,
                    run_time=stand.run_time,
                    keys={"ca_mode": Key(value="add", origin="default")},
                )
                for name, stand in self.stands.items()
            )
        )

    def trust(self) -> Trust:
        """Give the switch."""
        return Trust(
            default=Switch(
                allow_internal_untrusted_certs=self.default.value,
                source=self.default.source,
                run_time=self.default.run_time,
            ),
            sites=tuple(
                SiteSwitch(
                    site=name,
                    allow_internal_untrusted_certs=stand.value,
                    source=stand.source,
                    run_time=stand.run_time,
                )
                for name, stand in self.stands.items()
            ),
        )

    def config(self) -> Config:
        """Give two keys."""
        return Config(
            file="/etc/casproxy/casproxy.toml",
            keys=(
                ConfigKey(key="server.name", value="CAS01", origin="casproxy.toml:3"),
                ConfigKey(key="server.admin_token", value="(set, not shown)", origin="casproxy.toml:4"),
            ),
        )

    def log_level(self) -> Level:
        """Give the level."""
        return self.level

    async def metrics(self) -> bytes:
        """Give one sample."""
        return b"# TYPE casproxy_requests_in_flight gauge\ncasproxy_requests_in_flight 3\n"

    async def status(self) -> Status:
        """Give two workers."""
        return Status(
            name="CAS01",
            version="0.1.0",
            started_at=START,
            ready=self.ready,
            draining=not self.ready,
            reads_need_token=self.guarded_reads,
            may_change=bool(self.token),
            transports="uvloop with aiofastnet",
            workers=tuple(
                WorkerState(number=number, pid=100 + number, started_at=START, connections=2, in_flight=1)
                for number in (1, 2)
            ),
            config=ConfigState(file="/etc/casproxy/casproxy.toml", loaded_at=START),
            sinks=(SinkState(name="console", lost=0),),
            log_level=self.level,
        )

    async def sites(self) -> Sites:
        """Give a site for each stand."""
        return Sites(
            sites=tuple(
                Site(
                    name=name,
                    default=name == "HQ",
                    hosts=(f"{name.lower()}.mail.example",),
                    paths=(),
                    external_url="",
                    redirect="manual",
                    policy=Policy(
                        allow_internal_untrusted_certs=stand.value,
                        name="allow" if stand.value else "enforce",
                        source=stand.source,
                        run_time=stand.run_time,
                        generation=1,
                    ),
                    servers=tuple(each["server"] for each in self.plain_verdicts if each["site"] == name),
                    traffic=self.traffic.get(name, Traffic()),
                )
                for name, stand in self.stands.items()
            )
        )

    async def servers(self) -> Servers:
        """Give a server for each verdict."""
        return Servers(
            servers=tuple(
                Server(
                    site=each["site"],
                    server=each["server"],
                    url=f"https://{each['server']}/owa",
                    dialled=each["dialled"],
                    tls_name=each["server"],
                    health=Health(state="up", since=START),
                    connections=Pool(open=2, idle=1),
                )
                for each in self.plain_verdicts
            )
        )

    async def connections(self) -> Connections:
        """Give one worker and a pool for each verdict."""
        return Connections(
            workers=(WorkerConnections(number=1, pid=101, connections=2, in_flight=1),),
            upstream=tuple(
                ServerPool(site=each["site"], server=each["server"], open=2, idle=1) for each in self.plain_verdicts
            ),
        )

    async def set_trust(self, site: str | None, value: SwitchValue | None) -> TrustChanged:
        """Turn the switch; None takes the run-time setting back."""
        self.calls.append(f"set_trust {site} {value}")
        if self.takes_restart:
            raise TakesRestart("The switch takes a restart.", "Change the file and restart.")
        names = (
            list(self.stands) if site is None else [name for name in self.stands if name.casefold() == site.casefold()]
        )
        if not names:
            raise UnknownSite(f"There is no site {site}.", f"Name one of {', '.join(self.stands)}.")
        changes = [self._turn(name, self.stands[name], value) for name in names]
        if site is None:
            changes.append(self._turn(None, self.default, value))
        made = tuple(each for each in changes if each is not None)
        return TrustChanged(changes=made, connections_closed=len(made))

    def _turn(self, site: str | None, stand: Stand, value: SwitchValue | None) -> SwitchChange | None:
        before, source_before = stand.value, stand.source
        file_value: SwitchValue = 0 if site == "Branch" else 1
        file_source = "sites.Branch.trust" if site == "Branch" else "default"
        stand.run_time = value is not None
        stand.value, stand.source = (file_value, file_source) if value is None else (value, "admin API")
        if (before, source_before) == (stand.value, stand.source):
            return None
        return SwitchChange(
            site=site,
            before=before,
            after=stand.value,
            source_before=source_before,
            source_after=stand.source,
        )

    async def reload(self) -> Reloaded:
        """Go as told."""
        self.calls.append("reload")
        if self.reload_ok:
            return Reloaded(reloaded=True, sentence="CAS01 now works with the settings it has just read.")
        return Reloaded(reloaded=False, sentence="casproxy.toml:3: sites.nam is no key. Did you mean name?")

    async def set_log_level(self, level: Level) -> None:
        """Take the level."""
        self.calls.append(f"set_log_level {level}")
        self.level = level


def plain_verdict(site: str, server: str, *, reason: str) -> dict[str, Any]:
    """Give what `trust.plain` and `service.standings` would of a server with this reason; empty: trusted."""
    certificate = {
        "subject": f"CN={server}",
        "issuer": f"CN={site} Root",
        "serial": "01",
        "names": [server],
        "name_count": 1,
        "not_before": START,
        "not_after": "2027-11-23T18:00:00Z",
        "days_left": 365,
        "key": "EC 256 bits",
        "signature": "SHA-256",
        "usages": ["serverAuth"],
        "is_authority": False,
        "issuer_urls": [],
        "crl_urls": [],
        "sha256": "ab" * 32,
        "spki_sha256": "cGlu",
        "size": 700,
        "fault": "",
    }
    finding = {"reason": reason, "sentence": f"It is {reason}.", "cure": "Mend it.", "position": 0}
    return {
        "site": site,
        "server": server,
        "dialled": f"{server}:443",
        "policy": "allow",
        "policy_source": "default",
        "looked_at": START,
        "fault": "",
        "tls_version": "TLSv1.3",
        "verdict": {
            "trusted": not reason,
            "reason": reason,
            "code": 18 if reason else 0,
            "text": reason,
            "name": server,
            "explained": True,
            "findings": [finding] if reason else [],
            "notes": [],
            "presented": [certificate],
            "presented_count": 1,
            "path": [
                {
                    "whence": "presented",
                    "subject": f"CN={server}",
                    "position": 0,
                    "signed": True,
                    "anchor": "",
                    "certificate": None,
                }
            ],
            "store": "certifi",
            "resembles": "",
            "at": START,
        },
    }
