"""What is measured and what is to be reached, as data; how it is measured is left to `rounds`."""

import math
from dataclasses import dataclass
from enum import Enum

KIB = 1024
MIB = 1024 * KIB


class Kind(Enum):
    """Who makes the load."""

    WRK = "wrk"
    """wrk on keep-alive connections."""
    CONNECT = "connect"
    """Our own client: a full handshake, one request, close."""
    MEMORY = "memory"
    """Our own client: connections that stay idle after one request."""
    STORM = "storm"
    """wrk twice: the load, and beside it clients of a site whose server is not trusted; for ours alone."""
    SIGNED_IN = "signed-in"
    """wrk on keep-alive connections, with and without signing in; for ours alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One column of the table."""

    key: str
    """Name on the command line."""
    title: str
    """Head of the column."""
    kind: Kind = Kind.WRK
    """Who makes the load."""
    path: str = "/1k"
    """What is asked for."""
    connections: int = 50
    """Connections at a time."""
    browser: bool = False
    """Send a browser's header fields instead of `Host` alone."""
    upload: int = 0
    """Bytes of the body that is posted; 0: GET."""
    unit: str = "µs"
    """Unit of the cells: µs, ms or MiB."""
    target_speed: float = math.inf
    """At most this multiple of nginx with the extra `speed`."""
    target_plain: float = math.inf
    """At most this multiple of nginx without it."""

    @property
    def scale(self) -> float:
        """Factor from seconds (MEMORY: bytes per connection) to the unit."""
        return {"µs": 1e6, "ms": 1e3, "MiB": 1000 / MIB}[self.unit]


WORKLOADS = (
    Workload(key="get-1k", title="GET 1 KiB, one header", target_speed=1.4, target_plain=1.5),
    Workload(key="get-1k-browser", title="GET 1 KiB, browser", browser=True, target_speed=1.6, target_plain=1.8),
    Workload(key="get-64k", title="GET 64 KiB", path="/64k", target_speed=1.0, target_plain=1.1),
    Workload(
        key="get-10m", title="GET 10 MiB", path="/10m", connections=4, unit="ms", target_speed=1.0, target_plain=1.0
    ),
    Workload(
        key="post-10m",
        title="POST 10 MiB",
        path="/upload",
        upload=10 * MIB,
        connections=4,
        unit="ms",
        target_speed=1.0,
        target_plain=1.0,
    ),
    Workload(
        key="connect", title="new connection", kind=Kind.CONNECT, connections=8, target_speed=1.6, target_plain=1.7
    ),
    Workload(
        key="memory",
        title="Pss / 1,000 idle",
        kind=Kind.MEMORY,
        connections=1000,
        unit="MiB",
        target_speed=2.7,
        target_plain=3.2,
    ),
)
"""In the order of the table."""

STORM = Workload(key="storm", title="GET 1 KiB beside a storm", kind=Kind.STORM)
"""Compared with itself without the storm, in a table of its own."""
STORMING = 200
"""Connections that ask for the untrusted site, each again as soon as it was refused."""

SIGNED_IN = Workload(key="signed-in", title="GET 1 KiB, signed in", kind=Kind.SIGNED_IN, path="/owa/1k")
"""The first workload with a session, compared with itself without one, in a table of its own."""
SIGNED_IN_TARGET = 1.10
"""At most this multiple of the time without signing in."""

FILES = {"/1k": KIB, "/64k": 64 * KIB, "/10m": 10 * MIB, "/owa/1k": KIB}
"""What the origin serves: path and size."""

BROWSER_FIELDS = (
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/png,*/*;q=0.8"),
    ("Accept-Language", "en-US,en;q=0.7,de;q=0.3"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("Referer", "https://mail.example/owa/?ae=Folder&t=IPF.Note&id=LgAAAADk1Yq7vJ2RTq0bW5f2YzQxAQD"),
    ("DNT", "1"),
    ("Connection", "keep-alive"),
    ("Cookie", "session=" + "8f14e45fceea167a5a36dedd4bea2543" * 7 + "; UserContext=c4ca4238a0b923820dcc509a6f75849b"),
    ("Upgrade-Insecure-Requests", "1"),
    ("Sec-Fetch-Dest", "document"),
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Site", "same-origin"),
    ("Sec-Fetch-User", "?1"),
    ("Cache-Control", "max-age=0"),
)
"""With `Host` fifteen fields, about 0.9 KB; `DNT` and the cookie's length are made up to fit."""


def request_head(workload: Workload, host: str, cookie: str = "") -> bytes:
    """Compose the head that the load generator sends, blank line included."""
    method = "POST" if workload.upload else "GET"
    lines = [f"{method} {workload.path} HTTP/1.1", f"Host: {host}"]
    if workload.browser:
        lines += [f"{name}: {value}" for name, value in BROWSER_FIELDS]
    if cookie:
        lines.append(f"Cookie: {cookie}")
    if workload.upload:
        lines.append(f"Content-Length: {workload.upload}")
    return "\r\n".join([*lines, "", ""]).encode()


def body_bytes(size: int) -> bytes:
    """Make a body that does not repeat within any buffer size and is the same in every run."""
    return b"".join(b"%015d\n" % number for number in range(size // 16 + 1))[:size]
