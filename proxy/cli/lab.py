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
from proxy.lab.ports import find_port
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


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--allow", choices=("0", "1"), help="the switch AllowInternalUntrustedCerts (absent: 1)")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="SITE=FAULT", help="give a site another certificate fault"
    )
    parser.add_argument(
        "--port", type=int, metavar="N", help=f"HTTPS port ({LISTEN_PORT}); 0 chooses every port freely"
    )
    parser.add_argument("--state", default="certs/lab", metavar="DIR", help="folder for certificates and settings")
    parser.add_argument("--json", action="store_true", help="print one JSON object about the lab, for scripts")


def run(arguments: argparse.Namespace) -> int:
    """Run the lab until a signal ends it; 0 after that, 1 when it cannot start, 2 for an unknown site or fault."""
    try:
        faults = choose_faults(arguments.fault)
    except LabMistake as mistake:
        print(f"casproxy lab: {mistake}", file=sys.stderr)
        return USAGE
    tune_allocator()
    try:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            return runner.run(_run(arguments, faults))
    except SettingsInvalid as invalid:
        print(invalid, file=sys.stderr)
    except (CannotListen, StoreBusyError, OSError) as fault:
        print(f"casproxy lab: {fault}", file=sys.stderr)
    return INVALID


async def _run(arguments: argparse.Namespace, faults: dict[str, str]) -> int:
    folder = Path(arguments.state)
    ports = {site.name: 0 for site in SITES} if arguments.port == 0 else None
    async with Lab(folder, faults=faults, ports=ports, say=_say) as lab:
        places = _find_places(arguments.port, lab)
        write_file(places.settings, _settings(places, arguments.allow).encode(), SETTINGS_MODE)
        read = partial(load, str(places.settings), dict(os.environ), {})

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


def _find_places(port: int | None, lab: Lab) -> Places:
    """Choose the proxy's ports: the usual ones, or free ones where they are taken or 0 was asked for."""
    usual = (0, 0, 0) if port == 0 else (port or LISTEN_PORT, REDIRECT_PORT, ADMIN_PORT)
    purposes = ("the proxy", "plain HTTP, which redirects,", "the admin listener")
    listen, redirect, admin = (find_port(each, purpose, _say) for each, purpose in zip(usual, purposes, strict=True))
    return Places(listen=listen, redirect=redirect, admin=admin, backends=lab.ports, folder=lab.folder)


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
