"""The lab's admin token, made at the first start: who can read the lab's folder may turn its switch."""

import re
import secrets
from pathlib import Path

from proxy.certkit.files import PRIVATE, write_file

TOKEN_FILE = "admin.token"  # noqa: S105 - the name of a file

_TOKEN = re.compile(rb"[!-~]{16,200}\n")


def write_token(folder: Path) -> Path:
    """Write a token that nobody knows, unless there is one already; gives the file, which only its owner may read."""
    path = folder / TOKEN_FILE
    if not path.is_file() or not _TOKEN.fullmatch(path.read_bytes()):
        write_file(path, f"{secrets.token_urlsafe(32)}\n".encode(), PRIVATE)
    return path
