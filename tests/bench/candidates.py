"""The proxies that are compared, as a table: how each is configured and started, everything else equal.

Each verifies the origin's chain and host name, keeps connections to it open, adds `X-Forwarded-For`, and works in
one process or thread. Access logs are off; casproxy-logged is casproxy-speed with its access log on, as delivered.
"""

import importlib.util
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import templates
from tests.bench.certificates import NAME, Certificates
from tests.bench.origin import nginx_user
from tests.bench.processes import Launch, find_program, free_port

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Place:
    """Where one instance lives and what it dials."""

    folder: Path
    """Its own, for configuration and temporary files."""
    origin_port: int
    certificates: Certificates
    port: int = field(default_factory=free_port)
    """Where it listens."""
    more: str = ""
    """Further settings of ours."""
    chosen_by: str = "default = true"
    """What leads to the site, for ours: a rule, or `own = true` where mailboxes do."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One row of the table."""

    key: str
    """Name on the command line; `--only` takes the part before the hyphen too."""
    start: Callable[[Place], Launch]
    """Writes the configuration and tells how to start."""
    programs: tuple[str, ...] = ()
    """What must be on the machine."""
    modules: tuple[str, ...] = ()
    """What this Python must be able to import."""
    tree: Path | None = None
    """The working tree that holds the package `proxy`, for ours."""


def _fill(place: Place, name: str, template: str, **more: str) -> str:
    """Write a configuration file and return its path."""
    path = place.folder / name
    values = {"place": place, "folder": place.folder, "name": NAME, "certificates": place.certificates}
    path.write_text(template.format_map(values | more))
    return str(path)


def _start_nginx(place: Place) -> Launch:
    config = _fill(place, "nginx.conf", templates.NGINX, user=nginx_user())
    return Launch([find_program("nginx") or "nginx", "-p", str(place.folder), "-c", config])


def _start_haproxy(place: Place) -> Launch:
    return Launch([find_program("haproxy") or "haproxy", "-f", _fill(place, "haproxy.cfg", templates.HAPROXY)])


def _start_caddy(place: Place) -> Launch:
    config = _fill(place, "Caddyfile", templates.CADDY)
    homes = dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), str(place.folder))
    return Launch(
        [find_program("caddy") or "caddy", "run", "--adapter", "caddyfile", "--config", config],
        environment=homes | {"GOMAXPROCS": "1"},
    )


def _start_apache(place: Place) -> Launch:
    account = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
    config = _fill(place, "apache.conf", templates.APACHE, account=account)
    return Launch([find_program("apache2") or "apache2", "-f", config, "-D", "FOREGROUND"])


_HIDE = "sys.modules['aiofastnet'] = None; "
"""Makes the extra `speed` look as if it were not installed."""
_SERVE = "import runpy, sys; {}runpy.run_module('proxy', run_name='__main__', alter_sys=True)"


def _start_casproxy(tree: Path, *, speed: bool, logs: bool = False) -> Callable[[Place], Launch]:
    """Return a starter of casproxy with the switch at 0 and, but for the access log, everything as delivered."""
    command = [sys.executable, "-c", _SERVE.format("" if speed else _HIDE), "serve"]

    def start(place: Place) -> Launch:
        config = _fill(place, "casproxy.toml", templates.CASPROXY, logs=str(logs).lower())
        return Launch([*command, "--config", config], folder=str(tree))  # the folder is first on the import path

    return start


def all_candidates(tree: Path = REPOSITORY) -> tuple[Candidate, ...]:
    """Return every candidate; ours is taken from the given working tree."""
    return (
        Candidate("nginx", _start_nginx, ("nginx",)),
        Candidate("haproxy", _start_haproxy, ("haproxy",)),
        Candidate("caddy", _start_caddy, ("caddy",)),
        Candidate("apache", _start_apache, ("apache2",)),
        Candidate("casproxy-speed", _start_casproxy(tree, speed=True), modules=("aiofastnet",), tree=tree),
        Candidate("casproxy-plain", _start_casproxy(tree, speed=False), tree=tree),
        Candidate("casproxy-logged", _start_casproxy(tree, speed=True, logs=True), modules=("aiofastnet",), tree=tree),
    )


def missing(candidate: Candidate) -> list[str]:
    """Return what the candidate needs and this machine lacks."""
    lacking = [name for name in candidate.programs if find_program(name) is None]
    lacking += [name for name in candidate.modules if importlib.util.find_spec(name) is None]
    if candidate.tree and not (candidate.tree / "proxy" / "__main__.py").exists():
        lacking.append("proxy/__main__.py")
    return lacking
