"""`casproxy certs make`: the lab's authority, and certificates of it, sound or wrong as wanted."""

import difflib
import ipaddress
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from proxy.certkit.chains import CannotMake
from proxy.certkit.faults import FAULTS, Fault
from proxy.certkit.pair import Pair, find_pair, write_pair
from proxy.certkit.store import StoreBusyError, Stored, open_store
from proxy.lab.toml import to_toml

DONE, USAGE, UNKNOWN = 0, 2, 3

_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"(\*\.)?{_LABEL}(\.{_LABEL})*")
_LONGEST_NAME = 253
"""RFC 1035 §2.3.4, without the root's dot."""


class Mistake(Exception):
    """Something in the order makes no sense; `str()` says what and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What shall be made."""

    names: tuple[str, ...] = ()
    """Host names and addresses; none: the authority alone."""
    state: Path
    """Folder of the authority."""
    fault: str | None = None
    """Key into `FAULTS`; None: a sound certificate."""
    out: Path
    """Folder of the certificate."""


def make(order: Order) -> int:
    """Make it and print the files; 0, or 2 for an order that makes no sense, or 3 when a folder cannot be used."""
    try:
        names = tuple(_name(each) for each in order.names)
        fault = _fault(order.fault, names)
        _spare_authority(order, _stem(names))
        stored = open_store(order.state, (), _say)
        if not names:
            print(f"{stored.ca_file}  the authority: what clients trust")
            return DONE
        pair = _issue(order, stored, names, fault)
    except Mistake as mistake:
        _say(str(mistake))
        return USAGE
    except (CannotMake, StoreBusyError, OSError) as trouble:
        _say(str(trouble))
        return UNKNOWN
    _warn(names)
    print(_describe(stored, pair, fault))
    return DONE


def _issue(order: Order, stored: Stored, names: tuple[str, ...], fault: Fault) -> Pair:
    leaf = stored.authority.issue(*names) if fault.name == "good" else fault.make(stored.authority, names[0])
    order.out.mkdir(parents=True, exist_ok=True)
    return write_pair(leaf, order.out, _stem(names))


def _stem(names: tuple[str, ...]) -> str:
    return names[0].replace("*", "_").replace(":", "_") if names else ""


def _name(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        name = text.lower().removesuffix(".")
    if len(name) <= _LONGEST_NAME and _HOST.fullmatch(name):
        return name
    raise Mistake(f"{text!r} is no host name in ASCII and no IP address.")


def _fault(word: str | None, names: tuple[str, ...]) -> Fault:
    fault = FAULTS.get((word or "good").lower())
    if fault is None:
        near = difflib.get_close_matches((word or "").lower(), FAULTS, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise Mistake(f"There is no fault {word!r}.{hint} `casproxy certs faults` lists them.")
    if word is not None and not names:
        raise Mistake("Say for which host name the certificate shall be made.")
    if fault.name != "good" and len(names) > 1:
        raise Mistake(f"A fault is made for one name; leave out {', '.join(names[1:])}.")
    return fault


def _spare_authority(order: Order, stem: str) -> None:
    """Never write over the authority, on which everything in its folder rests."""
    ours = {path.resolve() for path in find_pair(order.state, "ca").files}
    if stem and ours & {path.resolve() for path in find_pair(order.out, stem).files}:
        raise Mistake(f"The files of {stem!r} would replace the authority in {order.state}; choose another --out.")


def _warn(names: tuple[str, ...]) -> None:
    far = [name for name in names if not _is_local(name)]
    if far:
        _say(f"The authority may sign names below localhost alone; OpenSSL refuses {', '.join(far)} with code 47.")


def _is_local(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def _describe(stored: Stored, pair: Pair, fault: Fault) -> str:
    """Say which files there are, and which keys of [trust] make the proxy see what was made."""
    words = (
        (pair.certificate, "the certificate, with what the server presents besides"),
        (pair.key, "its key"),
        (pair.missing, "what the server does not present"),
        (pair.lists, "revocation lists that the proxy is to consult"),
        (pair.anchors, "what the proxy is to trust instead of the authority"),
        (stored.ca_file, "the authority"),
    )
    files = [(str(path), word) for path, word in words if path is not None]
    width = max(len(path) for path, _ in files)
    keys = {"ca_files": [str(stored.ca_file)]} | pair.trust_keys(fault.policy)
    lines = [f"{path:<{width}}  {word}" for path, word in files]
    return "\n".join([*lines, "", f"# {_expect(fault)}", to_toml({"trust": keys}).rstrip()])


def _expect(fault: Fault) -> str:
    if fault.is_trusted:
        return f"{fault.sentence} With these settings the proxy trusts it."
    code = f", OpenSSL's code {fault.code}" if fault.code else ""
    return f"{fault.sentence} With these settings the proxy sees {', '.join(fault.reasons)}{code}."


def _say(sentence: str) -> None:
    print(f"casproxy certs: {sentence}", file=sys.stderr)
