"""The keys of `[events]`: how events are written, and where besides the console.

What each key is made of is told in `schema`.
"""

from typing import Annotated, Literal

from msgspec import Meta

from proxy.settings.terms import MAX_SECONDS, Table

SinkLevel = Annotated[
    Literal["info", "warning", "error"], Meta(description="The least level that is written here, whatever `log.level`.")
]


class EventFile(Table, frozen=True, kw_only=True):
    """A file that events are written to, one line each; opened anew on SIGUSR1 and when it is moved away."""

    path: Annotated[
        str,
        Meta(
            description="The file. It is appended to; readable for owner and group.",
            extra={"example": "/var/log/casproxy/events.json"},
        ),
    ]
    format: Annotated[
        Literal["json", "xml"],
        Meta(
            description="`json`: a record for every event. `xml`: Windows event XML, with repeats held back as "
            "`throttle` says."
        ),
    ] = "json"
    level: SinkLevel = "info"
    max_bytes: Annotated[
        int,
        Meta(
            description="A file that would grow beyond it is renamed to `.1` first, an older one to `.2`.",
            ge=4_096,
            le=1 << 40,
            extra={"unit": "bytes"},
        ),
    ] = 104_857_600
    keep: Annotated[int, Meta(description="Renamed files that are kept.", ge=1, le=1_000, extra={"unit": "files"})] = 5


class EventSyslog(Table, frozen=True, kw_only=True):
    """A collector that events are sent to as syslog messages of RFC 5424."""

    address: Annotated[
        str,
        Meta(
            description="The collector, `host:port`, IPv6 in brackets. Without a port 514, with TLS 6514.",
            extra={"example": "logs.example:6514"},
        ),
    ]
    transport: Annotated[
        Literal["udp", "tcp", "tls"],
        Meta(
            description="`tls` (RFC 5425) with a collector that is verified, `tcp` (RFC 6587), or `udp` (RFC 5426), "
            "which loses what the network loses."
        ),
    ] = "tls"
    ca_file: Annotated[
        str,
        Meta(
            description="PEM file with the authorities that the collector's certificate must come from; with `tls` "
            "only, and needed there. The host of `address` must be in the certificate.",
            extra={"example": "/etc/casproxy/logs-ca.pem", "absent": "Absent: no TLS."},
        ),
    ] = ""
    facility: Annotated[
        Literal[
            "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
            "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
        ],
        Meta(description="Facility of the messages."),
    ] = "local0"  # fmt: skip
    level: SinkLevel = "info"


class Events(Table, frozen=True, kw_only=True):
    """The events of the Windows-style log."""

    provider: Annotated[
        str,
        Meta(
            description="Provider under which the events of Exchange's catalogue are written.",
            extra={"historic": "MSExchange OWA"},
        ),
    ] = "MSExchange OWA"
    server_name_style: Annotated[
        Literal["name", "url"],
        Meta(description="How an event names the second server: by host `name` or by its whole `url`."),
    ] = "name"
    throttle: Annotated[
        float,
        Meta(
            description="The same event about the same server is shown once in this time, then as a summary with a "
            "count; the structured log keeps every record. `0s` shows all.",
            ge=0,
            le=MAX_SECONDS,
            extra={"kind": "duration"},
        ),
    ] = 900.0
    files: Annotated[
        tuple[EventFile, ...], Meta(description="Files that events are written to, besides standard error.")
    ] = ()
    syslog: Annotated[tuple[EventSyslog, ...], Meta(description="Collectors that events are sent to.")] = ()
