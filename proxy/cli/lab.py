"""`casproxy lab`: the proxy and five backend sites in one process, with certificates made on the first start."""

import argparse
import asyncio
import json
import os
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

from proxy.certkit.files import write_file
from proxy.certkit.store import StoreBusyError
from proxy.cli.lab_talk import introduce, summarize
from proxy.front.listener import CannotListen
from proxy.lab.claim import claim
from proxy.lab.ports import demand_port, find_port
from proxy.lab.run import Lab
from proxy.lab.toml import to_toml
from proxy.lab.topology import (
    ADMIN_PORT,
    LISTEN_PORT,
    REDIRECT_PORT,
    SITES,
    LabMistake,
    Places,
    choose_faults,
    default_settings,
    place,
)
from proxy.service.load import load
from proxy.service.memory import tune_allocator
from proxy.service.run import DRAIN_CUT, serve_in_loop
from proxy.service.transports import new_loop
from proxy.service.worker import Worker
from proxy.settings.problems import SettingsInvalid

NAME = "lab"
HELP = "run the proxy and five backend sites on this machine"

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
    parser.add_argument("--json", action="store_true", help="print one JSON object about the lab, for scripts")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= LARGEST_PORT):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 1 to {LARGEST_PORT}, or 0 for any.")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Run the lab until a signal ends it; 0 after that, 1 when it cannot start, 2 for an unknown site or fault."""
    try:
        faults = choose_faults(arguments.fault)
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


async def _run(arguments: argparse.Namespace, faults: dict[str, str]) -> int:
    folder, environment = Path(arguments.state), _environment(arguments)
    if LISTEN_VARIABLE not in environment:
        demand_port(LISTEN_PORT if arguments.port is None else arguments.port, "server.listen")
    ports = {site.name: 0 for site in SITES} if arguments.port == 0 else None
    async with Lab(folder, faults=faults, ports=ports, say=_say) as lab:
        places = _find_places(arguments.port, lab)
        write_file(places.settings, _settings(places, arguments.allow).encode(), SETTINGS_MODE)
        read = partial(load, str(places.settings), environment, {})

        def tell(worker: Worker) -> None:
            if arguments.json:
                print(json.dumps(summarize(worker, lab, places)), flush=True)
            else:
                print(introduce(worker, lab, places), flush=True)

        colour = not getattr(arguments, "no_color", False)
        with suppress(asyncio.CancelledError):
            code = await serve_in_loop(read(), read, colour=colour, tell=tell)
            return 0 if code == DRAIN_CUT else code
    return 0


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


def _settings(places: Places, allow: str | None) -> str:
    """Spell the settings of this lab. The access log goes to a file, so that events can be read."""
    tables = place(default_settings(), places, None if allow is None else int(allow))
    tables["timeouts"] = {"drain": DRAIN}
    tables["limits"] = {"connections": CONNECTIONS}
    tables["log"] = {"access_file": str(places.folder / "access.log")}
    remark = "# Written by `casproxy lab` at each start. Turn the switch in [trust], then send the process SIGHUP.\n\n"
    return remark + to_toml(tables)


def _say(sentence: str) -> None:
    print(f"casproxy lab: {sentence}", file=sys.stderr)
