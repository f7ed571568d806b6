"""`casproxy keys`: makes, rotates and shows the keys that seal sign-in cookies; no key is ever printed."""

import argparse
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

from proxy.certkit.files import PRIVATE, write_file
from proxy.session.keys import MAX_KEYS, MAX_OCTETS, BadKeys, KeyRing, new_key, rotate, text_of

NAME = "keys"
HELP = "make, rotate and show the keys that seal sign-in cookies"

DONE, WRONG, UNKNOWN = 0, 1, 3
"""Exit codes: done; the ring is no ring, or is there already; a file cannot be read or written."""

KEEP = 2
"""Former keys that open still after a rotation."""
ROOT = 0
"""The user who may give files away."""

HEADING = """\
# Keys of casproxy: the first seals sign-in cookies, all open them.
# Keep this file secret, and the same on every front server.
"""
"""First lines of a new ring."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add what can be done."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    _add(actions, "make", "make a ring with one new key; never replaces one", _make)
    turn = _add(actions, "rotate", "put a new key first; sessions under the kept ones go on", _rotate)
    turn.add_argument(
        "--keep",
        type=_keep,
        default=KEEP,
        metavar="N",
        help=f"former keys that still open ({KEEP}); 0 ends every session once the ring is read again",
    )
    _add(actions, "show", "show the fingerprints, never the keys", _show)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked for; 0 done, 1 the ring is wrong or already there, 3 its file cannot be read or written."""
    action: Callable[[Path, argparse.Namespace], int] = arguments.action
    try:
        return action(Path(arguments.file), arguments)
    except BadKeys as wrong:
        _say(f"{arguments.file}: {wrong}")
        return WRONG
    except OSError as trouble:
        _say(f"{arguments.file}: {trouble.strerror or trouble}.")
        return UNKNOWN


def _add(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    sentence: str,
    action: Callable[[Path, argparse.Namespace], int],
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=sentence, description=sentence)
    parser.add_argument("--file", required=True, metavar="RING", help="file of the ring")
    parser.set_defaults(action=action)
    return parser


def _keep(text: str) -> int:
    if re.fullmatch(r"[0-9]{1,2}", text) and int(text) < MAX_KEYS:
        return int(text)
    raise argparse.ArgumentTypeError(f"a number from 0 to {MAX_KEYS - 1} is needed")


def _make(path: Path, _: argparse.Namespace) -> int:
    if os.path.lexists(path):
        _say(f"{path} is there already; `casproxy keys rotate` gives it a new key.")
        return WRONG
    text = f"{HEADING}{new_key()}\n"
    write_file(path, text.encode(), PRIVATE)
    _print(KeyRing.parse(text))
    return DONE


def _rotate(path: Path, arguments: argparse.Namespace) -> int:
    """Replace the ring in one step, for the same owner; a link goes on leading to it."""
    file = path.resolve()
    text = rotate(text_of(_read(file)), arguments.keep)
    owner, we = file.stat(), os.geteuid()
    if we not in {ROOT, owner.st_uid}:
        _say(f"{path} belongs to another user, who could not open it afterwards; rotate it as its owner or as root.")
        return UNKNOWN
    write_file(file, text.encode(), PRIVATE, (owner.st_uid, owner.st_gid) if we == ROOT else None)
    _print(KeyRing.parse(text))
    return DONE


def _show(path: Path, _: argparse.Namespace) -> int:
    ring = KeyRing.read(_read(path))
    if path.stat().st_mode & 0o077:
        _say(f"{path} can be opened by others than its owner; `chmod 600` closes it.")
    _print(ring)
    return DONE


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_OCTETS + 1)


def _print(ring: KeyRing) -> None:
    for number, fingerprint in enumerate(ring.fingerprints):
        print(f"{fingerprint}  {'opens' if number else 'seals and opens'}")


def _say(sentence: str) -> None:
    print(f"casproxy keys: {sentence}", file=sys.stderr)
