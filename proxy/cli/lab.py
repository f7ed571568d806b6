"""`casproxy lab`: two proxies, their sites and users in one process, with certificates made on the first start."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from proxy.certkit.files import write_file
from proxy.certkit.store import StoreBusyError
from proxy.cli.admin_place import TOKEN
from proxy.cli.lab_second import SecondProxy
from proxy.cli.lab_talk import introduce, summarize
from proxy.front.listener import CannotListen
from proxy.lab.claim import claim
from proxy.lab.ports import demand_port, find_port
from proxy.lab.run import Lab
from proxy.lab.sign_in import (
    ALL_SITES,
    SECOND_ADMIN_PORT,
    SECOND_FRONT,
    SECOND_NAME,
    SECOND_PORT,
    Second,
    first_settings,
    second_settings,
)
from proxy.lab.token import write_token
from proxy.lab.toml import to_toml
from proxy.lab.topology import (
    ADMIN_PORT,
    LISTEN_PORT,
    REDIRECT_PORT,
    SITES,
    LabMistake,
    LabSite,
    Places,
    Tables,
    choose_faults,
    default_settings,
    place,
)
from proxy.lab.users import write_users
from proxy.service.calls import DRAIN_CUT
from proxy.service.load import Loaded, load
from proxy.service.memory import tune_allocator
from proxy.service.run import Reload, serve_in_loop
from proxy.service.single import Single
from proxy.service.transports import new_loop
from proxy.settings.problems import SettingsInvalid

NAME = "lab"
HELP = "run the proxy with sites and users on this machine"

INVALID, USAGE = 1, 2
SETTINGS_MODE = 0o644
DRAIN = "300ms"
"""Ctrl-C ends the lab at once; long polls are not waited for."""
CONNECTIONS = 1000
"""Enough for one person, and within the usual limit of open files."""
LARGEST_PORT = 65_535
SWITCH_VARIABLES = tuple(
    f"CASPROXY_TRUST__{key}" for key in ("ALLOW_INTERNAL_UNTRUSTED_CERTS", "ALLOWINTERNALUNTRUSTEDCERTS")
)
LISTEN_VARIABLE = "CASPROXY_SERVER__LISTEN"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--allow", choices=("0", "1"), help="the switch AllowInternalUntrustedCerts (absent: 1)")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="SITE=FAULT", help="give a site another certificate fault"
    )
    parser.add_argument(
        "--port", type=_port, metavar="N", help=f"HTTPS port ({LISTEN_PORT}); 0 chooses every port freely"
    )
    parser.add_argument("--state", default="certs/lab", metavar="DIR", help="folder for certificates and settings")
    parser.add_argument(
        "--no-sign-in", action="store_true", help="no users and no second proxy: sites are chosen by host and path"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object about the lab, for scripts")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= LARGEST_PORT):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 1 to {LARGEST_PORT}, or 0 for any.")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Run the lab until a signal ends it; 0 after that, 1 when it cannot start, 2 for an unknown site or fault."""
    try:
        faults = choose_faults(arguments.fault, _sites(arguments))
    except LabMistake as mistake:
        print(f"casproxy lab: {mistake}", file=sys.stderr)
        return USAGE
    tune_allocator()
    try:
        with asyncio.Runner(loop_factory=new_loop) as runner, claim(Path(arguments.state)):
            return runner.run(_run(arguments, faults))
    except SettingsInvalid as invalid:
        print(invalid, file=sys.stderr)
    except (LabMistake, CannotListen, StoreBusyError, OSError) as fault:
        print(f"casproxy lab: {fault}", file=sys.stderr)
    return INVALID


def _sites(arguments: argparse.Namespace) -> tuple[LabSite, ...]:
    return SITES if arguments.no_sign_in else ALL_SITES


async def _run(arguments: argparse.Namespace, faults: dict[str, str]) -> int:
    environment, sites = _environment(arguments), _sites(arguments)
    if LISTEN_VARIABLE not in environment:
        demand_port(LISTEN_PORT if arguments.port is None else arguments.port, "server.listen")
    ports = {site.label: 0 for site in sites} if arguments.port == 0 else None
    more = () if arguments.no_sign_in else (SECOND_FRONT,)
    async with Lab(Path(arguments.state), sites, faults=faults, ports=ports, more=more, say=_say) as lab:
        places = _find_places(arguments.port, lab)
        allow = None if arguments.allow is None else int(arguments.allow)
        start = _Start(lab, places, environment, colour=not getattr(arguments, "no_color", False))
        tell = _tell_scripts if arguments.json else _tell_people
        if arguments.no_sign_in:
            return await start.without_users(allow, tell)
        return await start.with_users(_find_second(arguments.port, places), allow, tell)


Tell = Callable[[Single, Lab, Places, Second | None], None]


def _tell_scripts(proxy: Single, lab: Lab, places: Places, second: Second | None) -> None:
    print(json.dumps(summarize(proxy, lab, places, second)), flush=True)


def _tell_people(proxy: Single, lab: Lab, places: Places, second: Second | None) -> None:
    print(introduce(proxy, lab, places, second), flush=True)


class _Start:
    """The proxies before a lab that runs."""

    def __init__(self, lab: Lab, places: Places, environment: dict[str, str], *, colour: bool) -> None:
        self._lab = lab
        self._places = places
        self._environment = environment
        self._colour = colour
        self._token = "" if TOKEN in environment else str(write_token(places.folder))

    async def without_users(self, allow: int | None, tell: Tell) -> int:
        """Serve by host and path until a signal ends it; gives the exit code."""
        self._write(self._places.settings, place(default_settings(), self._places, allow))
        return await self._serve(lambda proxy: tell(proxy, self._lab, self._places, None))

    async def with_users(self, second: Second, allow: int | None, tell: Tell) -> int:
        """Serve those who sign in, and the second proxy beside it, until a signal ends both; gives the exit code."""
        write_users(self._places.folder)
        second.folder.mkdir(mode=0o700, exist_ok=True)
        self._write(self._places.settings, first_settings(self._places, second, allow))
        self._write(second.settings, second_settings(self._places, second, allow))
        beside = self._load().settings.server.listen[0]
        async with SecondProxy(second, self._environment, beside, colour=self._colour) as other:
            return await self._serve(lambda proxy: tell(proxy, self._lab, self._places, second), other.reload)

    async def _serve(self, tell: Callable[[Single], None], *beside: Reload) -> int:
        with suppress(asyncio.CancelledError):
            loaded, authority = self._load(), self._places.authority.read_bytes()
            code = await serve_in_loop(
                loaded, self._load, colour=self._colour, tell=tell, beside=beside, lab_ca=authority
            )
            return 0 if code == DRAIN_CUT else code
        return 0

    def _load(self) -> Loaded:
        return load(str(self._places.settings), self._environment, {})

    def _write(self, file: Path, tables: Tables) -> None:
        if self._token:
            tables = {**tables, "server": {**tables["server"], "admin_token_file": self._token}}
        write_file(file, spell_settings(tables, file.parent).encode(), SETTINGS_MODE)


def _environment(arguments: argparse.Namespace) -> dict[str, str]:
    """Give the environment without what `--allow` overrules, and tell when it overrules the file."""
    environment = dict(os.environ)
    for name in SWITCH_VARIABLES:
        if arguments.allow is not None:
            environment.pop(name, None)
        elif name in environment:
            _say(f"{name} decides the switch; unset it to turn the switch in the file.")
    return environment


def _find_places(port: int | None, lab: Lab) -> Places:
    """Choose the proxy's ports: the usual ones, or free ones where 0 was asked for, or where nobody types them."""
    any_port = port == 0
    listen = find_port(0, "server.listen", _say) if any_port else (port or LISTEN_PORT)
    redirect = find_port(0 if any_port else REDIRECT_PORT, "server.redirect_listen", _say)
    admin = find_port(0 if any_port else ADMIN_PORT, "server.admin", _say)
    return Places(listen=listen, redirect=redirect, admin=admin, backends=lab.ports, folder=lab.folder, trust=lab.trust)


def _find_second(port: int | None, places: Places) -> Second:
    """Choose the second proxy's ports like those that nobody types."""
    any_port = port == 0
    listen = find_port(0 if any_port else SECOND_PORT, f"server.listen of {SECOND_NAME}", _say)
    admin = find_port(0 if any_port else SECOND_ADMIN_PORT, f"server.admin of {SECOND_NAME}", _say)
    return Second(listen=listen, admin=admin, folder=places.folder / "second")


def spell_settings(tables: Tables, folder: Path) -> str:
    """Spell the settings of a proxy of the lab. The access log goes to a file, so that events can be read."""
    log = {**tables.get("log", {}), "access_file": str(folder / "access.log")}
    more = {"timeouts": {"drain": DRAIN}, "limits": {"connections": CONNECTIONS}, "log": log}
    remark = "# Written by `casproxy lab` at each start. Turn the switch in [trust], then send the process SIGHUP.\n\n"
    return remark + to_toml(tables | more)


def _say(sentence: str) -> None:
    print(f"casproxy lab: {sentence}", file=sys.stderr)
