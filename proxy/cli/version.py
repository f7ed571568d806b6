"""`casproxy version`: what is installed. It only tells; judging versions is left to the reader.

Python's `ssl` module and cryptography bring an OpenSSL each, and the two differ: the first decides about trust.
"""

import argparse
import json
import platform
import ssl
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of

from cryptography.hazmat.backends.openssl import backend

from proxy import __version__

NAME = "version"
HELP = "tell the versions of casproxy, Python, both OpenSSL libraries and the packages"

PACKAGES = (
    "aiofastnet",
    "aiohttp",
    "certifi",
    "cryptography",
    "httptools",
    "jinja2",
    "msgspec",
    "prometheus-client",
    "structlog",
    "uvloop",
)
"""Packages that matter at run time; the first and the last are optional."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add `--json`."""
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the versions."""
    facts = collect()
    print(json.dumps(facts, indent=2) if arguments.json else render(facts))
    return 0


def collect() -> dict[str, str | dict[str, str | None]]:
    """Collect the versions; a package that is not installed has None."""
    return {
        "casproxy": __version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": f"{platform.system()} {platform.machine()}",
        "openssl_of_ssl": ssl.OPENSSL_VERSION,
        "openssl_of_cryptography": backend.openssl_version_text(),
        "packages": {name: _version_of(name) for name in PACKAGES},
    }


def render(facts: dict[str, str | dict[str, str | None]]) -> str:
    """Lay the versions out as text, one a line."""
    lines: list[str] = []
    for name, value in facts.items():
        if isinstance(value, dict):
            lines += [f"{package:<24}{found or 'not installed'}" for package, found in value.items()]
        else:
            lines.append(f"{name.replace('_', ' '):<24}{value}")
    return "\n".join(lines)


def _version_of(name: str) -> str | None:
    try:
        return version_of(name)
    except PackageNotFoundError:
        return None
