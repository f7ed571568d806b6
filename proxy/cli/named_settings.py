"""The `--config FILE` of commands that look at a configuration without running it, and what they say without one."""

import argparse
import os
import sys

from proxy.service.load import Loaded, load
from proxy.settings.problems import SettingsInvalid

INVALID, USAGE = 1, 2


class NoSettings(Exception):
    """There are no usable settings; what is wrong has been said, and `code` is the exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add `--config`."""
    parser.add_argument("--config", metavar="FILE", help="settings; also CASPROXY_CONFIG")


def load_named(arguments: argparse.Namespace, command: str) -> Loaded:
    """Load the settings that `--config` or CASPROXY_CONFIG names, the environment included.

    Raises: NoSettings, after telling on standard error why.
    """
    path = arguments.config or os.environ.get("CASPROXY_CONFIG")
    if not path:
        print(
            f"casproxy {command}: no settings. Give --config FILE or set CASPROXY_CONFIG; "
            "a running `casproxy lab` keeps its own in certs/lab/lab.toml.",
            file=sys.stderr,
        )
        raise NoSettings(USAGE)
    try:
        return load(path, dict(os.environ), {})
    except SettingsInvalid as invalid:
        print(invalid, file=sys.stderr)
        raise NoSettings(INVALID) from invalid
