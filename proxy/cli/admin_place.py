"""Where a running proxy's admin API is and which token opens it: from flags, the environment and the settings file.

The file is only looked at for these keys: a proxy goes on running, and wants to be asked, while its file is broken.
"""

import argparse
import os
import shlex
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from proxy.model.clean import clean_text
from proxy.settings.problems import hide_user

ADMIN = "CASPROXY_SERVER__ADMIN"
TOKEN = "CASPROXY_SERVER__ADMIN_TOKEN"  # noqa: S105 - the name of a variable
TOKEN_FILE = "CASPROXY_SERVER__ADMIN_TOKEN_FILE"  # noqa: S105 - the name of a variable
CONFIG = "CASPROXY_CONFIG"
DEFAULT = "127.0.0.1:9643"

UNKNOWN = 3
MAX_TOKEN = 1024
"""Characters of a token; what is longer is some other file."""


class AdminFault(Exception):
    """The proxy could not be asked, or said no; `str()` says why, and `code` is the exit code."""

    def __init__(self, sentence: str, code: int = UNKNOWN) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An admin listener and what opens it."""

    host: str
    port: int
    name: str
    """The address as it was given, for people."""
    token: str = field(default="", repr=False)
    """Empty for none."""
    why_no_token: str = ""
    """Why a token that was named is missing; empty when none was."""


def add_admin(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say which proxy is meant; no flag takes the token itself, which others could read there."""
    parser.allow_abbrev = False  # or --token SECRET would be taken for --token-file
    parser.add_argument("--admin", metavar="ADDRESS", help=f"admin address; else {ADMIN}, the settings, or {DEFAULT}")
    parser.add_argument(
        "--token-file", metavar="FILE", help=f"file with the admin token; else {TOKEN_FILE}, the settings"
    )
    parser.add_argument("--config", metavar="FILE", help=f"settings that name both; else {CONFIG}")


def find_place(arguments: argparse.Namespace, command: str) -> Place:
    """Find the proxy that is meant. Raises: AdminFault for an address that is none and for a `--token-file` unread."""
    server, fault = _read_server(arguments.config or os.environ.get(CONFIG, ""))
    given = arguments.admin or os.environ.get(ADMIN) or ""
    if fault and not given:
        raise AdminFault(f"{fault} Name the proxy with --admin.")
    if fault:
        print(f"casproxy {command}: {fault}", file=sys.stderr)
    name = given or _text(server, "admin") or DEFAULT
    place = parse_address(name)
    if place is None:
        raise AdminFault(f"{clean_text(hide_user(name))!r} is no address such as {DEFAULT} or [::1]:9643.")
    token, why = _find_token(arguments.token_file or "", server)
    return Place(host=place[0], port=place[1], name=clean_text(name), token=token, why_no_token=why)


def parse_address(text: str) -> tuple[str, int] | None:
    """Take `host:port` apart; IPv6 in brackets. None when it is none.

    A listener on every address is asked over loopback, because that is where this process is.
    """
    host, colon, port = text.strip().rpartition(":")
    if "@" in text or not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:  # noqa: PLR2004 - 16 bits
        return None
    host = host.removeprefix("[").removesuffix("]")
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), int(port)  # noqa: S104 - replaced, not bound


def _read_server(path: str) -> tuple[Mapping[str, Any], str]:  # Any: what TOML holds
    """Give the table `[server]` of a file, and why there is none."""
    if not path:
        return {}, ""
    try:
        table = tomllib.loads(Path(path).read_bytes().decode("utf-8-sig")).get("server")
    except OSError as fault:
        return {}, f"{clean_text(path)} cannot be read: {fault.strerror}."
    except (ValueError, RecursionError):
        return {}, f"{clean_text(path)} is no TOML; `casproxy check-config {shlex.quote(clean_text(path))}` says where."
    return (table if isinstance(table, dict) else {}), ""


def _find_token(file: str, server: Mapping[str, Any]) -> tuple[str, str]:  # Any: as above
    """Give the token, or why one that was named is missing: whether that matters, the proxy says."""
    if file:
        token, why = _read_token(file)
        if why:
            raise AdminFault(why)
        return token, ""
    if named := os.environ.get(TOKEN_FILE):
        return _read_token(named)
    if token := os.environ.get(TOKEN, ""):
        return _checked(token, TOKEN)
    if named := _text(server, "admin_token_file"):
        return _read_token(named)
    return _checked(_text(server, "admin_token"), "server.admin_token")


def _read_token(name: str) -> tuple[str, str]:
    try:
        with Path(name).open("rb") as file:
            text = file.read(2 * MAX_TOKEN).decode("ascii", "replace")
    except (OSError, ValueError) as fault:
        return "", f"{clean_text(name)} cannot be read: {fault.strerror if isinstance(fault, OSError) else fault}."
    return _checked(text, clean_text(name)) if text.strip() else ("", f"{clean_text(name)} holds no token.")


def _checked(token: str, whence: str) -> tuple[str, str]:
    """Give a token that can stand in a header."""
    token = token.strip()
    if len(token) > MAX_TOKEN or not all("!" <= each <= "~" for each in token):
        return "", f"{whence} holds no token: one line of letters, digits and signs."
    return token, ""


def _text(server: Mapping[str, Any], key: str) -> str:  # Any: as above
    value = server.get(key)
    return value if isinstance(value, str) else ""
