"""`casproxy serve`: runs the proxy in the foreground until a signal ends it."""

import argparse
import os
import sys
from functools import partial

from proxy.cli.outside import load_outside
from proxy.front.listener import CannotListen
from proxy.service.run import serve
from proxy.settings.overlay import FLAGS
from proxy.settings.problems import SettingsInvalid

NAME = "serve"
HELP = "run the proxy in the foreground"

INVALID = 1


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the file, and a flag for each key that `overlay.FLAGS` names."""
    parser.add_argument("--config", metavar="FILE", help="settings; also CASPROXY_CONFIG")
    for flag, key in FLAGS.items():
        parser.add_argument(flag, dest=key, metavar="VALUE", help=f"instead of {key}")


def run(arguments: argparse.Namespace) -> int:
    """Serve; 0 after a clean end, 1 for settings that cannot be used, 5 when draining was cut off."""
    path = arguments.config or os.environ.get("CASPROXY_CONFIG")
    if not path:
        print(
            "casproxy serve: no settings. Give --config FILE or set CASPROXY_CONFIG; "
            "config/casproxy.example.toml explains every key, `casproxy lab` needs no file.",
            file=sys.stderr,
        )
        return INVALID
    flags = {key: getattr(arguments, key) for key in FLAGS.values()}
    read = partial(load_outside, path, dict(os.environ), flags)
    try:
        return serve(read(), read, colour=not getattr(arguments, "no_color", False))
    except SettingsInvalid as invalid:
        print(invalid, file=sys.stderr)
    except (CannotListen, OSError) as fault:
        print(f"casproxy serve: {fault}", file=sys.stderr)
    return INVALID
