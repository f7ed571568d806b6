"""What the admin API says, one type per JSON object; collecting the values is left to `AdminState`.

The OpenAPI description is generated from these types. Times are RFC 3339 in UTC. Optional values are null when unknown.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Time = Annotated[str, Meta(description="RFC 3339, UTC.")]
SwitchValue = Literal[0, 1]
"""`allow_internal_untrusted_certs`: 1 lets untrusted servers be used, 0 refuses them."""
Level = Literal["debug", "info", "warning", "error"]
SwitchText = Annotated[str, Meta(description="Where the switch's value comes from, `sites.Branch.trust` for instance.")]
FromApi = Annotated[bool, Meta(description="Whether it was set at run time and falls back at the next start.")]


class Answer(Struct, frozen=True, kw_only=True):
    """Base of all that is said."""


class WorkerState(Answer, frozen=True, kw_only=True):
    """A process that serves."""

    number: int
    pid: int
    started_at: Time
    connections: Annotated[int, Meta(description="Connections of browsers.")]
    in_flight: Annotated[int, Meta(description="Requests under way.")]


class ReloadState(Answer, frozen=True, kw_only=True):
    """The last reload."""

    at: Time
    ok: bool
    sentence: str


class ConfigState(Answer, frozen=True, kw_only=True):
    """Whence the settings in force come."""

    file: str
    loaded_at: Time
    last_reload: ReloadState | None = None


class SinkState(Answer, frozen=True, kw_only=True):
    """A place that events go to."""

    name: str
    lost: Annotated[int, Meta(description="Records it did not take since the start.")]


class Status(Answer, frozen=True, kw_only=True):
    """The proxy as a whole."""

    name: Annotated[str, Meta(description="The first server of events.")]
    version: str
    started_at: Time
    ready: bool
    draining: bool
    reads_need_token: Annotated[bool, Meta(description="Whether reading takes the token, too.")]
    may_change: Annotated[bool, Meta(description="Whether a token is set, without which nothing can be changed here.")]
    transports: Annotated[str, Meta(description="Event loop and TLS engine, in words.")]
    workers: tuple[WorkerState, ...]
    config: ConfigState
    sinks: tuple[SinkState, ...]
    log_level: Level


class Policy(Answer, frozen=True, kw_only=True):
    """A site's trust policy in short."""

    allow_internal_untrusted_certs: SwitchValue
    name: Literal["allow", "enforce"]
    source: SwitchText
    run_time: FromApi
    generation: Annotated[int, Meta(description="Grows with every change; connections of another one are not reused.")]


class Traffic(Answer, frozen=True, kw_only=True):
    """Counters since the start; differences between two looks are rates."""

    requests: int = 0
    errors: Annotated[int, Meta(description="Requests answered with a status of 500 or more.")] = 0
    seconds: Annotated[float, Meta(description="Sum of the durations of the requests.")] = 0.0


class Site(Answer, frozen=True, kw_only=True):
    """A site and what chooses it."""

    name: str
    default: bool
    hosts: tuple[str, ...]
    paths: tuple[str, ...]
    external_url: str
    redirect: str
    policy: Policy
    servers: Annotated[tuple[str, ...], Meta(description="Authorities of the InternalURLs, in the order of the file.")]
    traffic: Traffic


class Sites(Answer, frozen=True, kw_only=True):
    """Every site."""

    sites: tuple[Site, ...]


class Health(Answer, frozen=True, kw_only=True):
    """Whether a server is used, and why not."""

    state: Literal["up", "down", "half_open", "unchecked"]
    since: Time | None = None
    why: str = ""


class Pool(Answer, frozen=True, kw_only=True):
    """Connections to a server, over all workers."""

    open: int = 0
    idle: int = 0
    waiting: Annotated[int, Meta(description="Requests that wait for a connection.")] = 0


class Server(Answer, frozen=True, kw_only=True):
    """A server of a site: the second server of events."""

    site: str
    server: str
    url: str
    dialled: str
    tls_name: str
    health: Health
    connections: Pool


class Servers(Answer, frozen=True, kw_only=True):
    """Every server, or those of one site."""

    servers: tuple[Server, ...]


class Verdicts(Answer, frozen=True, kw_only=True):
    """The last verdict on every server, or on those of one site."""

    verdicts: tuple[dict[str, Any], ...]  # shaped by trust.plain, which has a test of its own


class Key(Answer, frozen=True, kw_only=True):
    """A key's value and whence it comes."""

    value: Any  # whatever TOML can hold
    origin: str


class SitePolicy(Answer, frozen=True, kw_only=True):
    """A site's trust policy in full."""

    site: str
    allow_internal_untrusted_certs: SwitchValue
    source: SwitchText
    run_time: FromApi
    keys: dict[str, Key]


class Policies(Answer, frozen=True, kw_only=True):
    """The trust policies in force."""

    policies: tuple[SitePolicy, ...]


class Switch(Answer, frozen=True, kw_only=True):
    """The switch for sites that have none of their own."""

    allow_internal_untrusted_certs: SwitchValue
    source: SwitchText
    run_time: FromApi


class SiteSwitch(Switch, frozen=True, kw_only=True):
    """The switch that is in force for a site."""

    site: str


class Trust(Answer, frozen=True, kw_only=True):
    """The switch everywhere."""

    default: Switch
    sites: tuple[SiteSwitch, ...]


class LogLevel(Answer, frozen=True, kw_only=True):
    """The least grave level that is logged."""

    level: Level


class WorkerConnections(Answer, frozen=True, kw_only=True):
    """A worker's share of the browsers."""

    number: int
    pid: int
    connections: int
    in_flight: int


class ServerPool(Pool, frozen=True, kw_only=True):
    """Connections to one server."""

    site: str
    server: str


class Connections(Answer, frozen=True, kw_only=True):
    """Connections on both sides."""

    workers: tuple[WorkerConnections, ...]
    upstream: tuple[ServerPool, ...]


class ConfigKey(Answer, frozen=True, kw_only=True):
    """A key of the configuration in force."""

    key: str
    value: Any  # whatever TOML can hold; secrets are masked by who lists them
    origin: str


class Config(Answer, frozen=True, kw_only=True):
    """The configuration in force, without its secrets."""

    file: str
    keys: tuple[ConfigKey, ...]


class Record(Answer, frozen=True, kw_only=True):
    """An event as it was logged."""

    sequence: Annotated[int, Meta(description="Its number since the start, for `after` and `Last-Event-ID`.")]
    record: dict[str, Any]  # shaped by events.formats, which has a test of its own


class Records(Answer, frozen=True, kw_only=True):
    """Events, oldest first."""

    events: tuple[Record, ...]
    last: Annotated[int, Meta(description="Number of the newest event there is, asked for or not; 0 for none.")]


class Refusal(Answer, frozen=True, kw_only=True):
    """Why something was not done."""

    error: Annotated[str, Meta(description="A sentence for people.")]
    cure: Annotated[str, Meta(description="What to do about it; empty when there is nothing.")] = ""
