"""`casproxy certs`: makes certificates, shows them, says how to trust the lab's authority, lists the known faults.

It judges nothing: whether a backend is trusted is told by others.
"""

import argparse
import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

from proxy.certkit.faults import FAULTS, Fault
from proxy.certkit.store import AUTHORITY_NAME
from proxy.cli import certs_make, certs_show

NAME = "certs"
HELP = "make and show certificates, good and bad"

DONE, UNKNOWN = 0, 3
STATE = "certs/lab"

TRUST = """\
The lab's authority may sign names below localhost alone. Nothing was changed; these commands make others trust it.

  Debian, Ubuntu   sudo cp {unix} /usr/local/share/ca-certificates/casproxy-lab.crt && sudo update-ca-certificates
            undo   sudo rm /usr/local/share/ca-certificates/casproxy-lab.crt && sudo update-ca-certificates --fresh
  Fedora, RHEL     sudo cp {unix} /etc/pki/ca-trust/source/anchors/casproxy-lab.pem && sudo update-ca-trust
            undo   sudo rm /etc/pki/ca-trust/source/anchors/casproxy-lab.pem && sudo update-ca-trust
  macOS            security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db {unix}
            undo   security remove-trusted-cert {unix}
  Windows          certutil -user -addstore Root {windows}
            undo   certutil -user -delstore Root "{name}"
  Firefox          Settings, Privacy & Security, View Certificates, Authorities, Import: {path}
                   and tick "Trust this CA to identify websites"
            undo   the same list: select "{name}", Delete or Distrust
  Chromium         on Linux: certutil -d sql:"$HOME/.pki/nssdb" -A -t C,, -n "casproxy lab" -i {unix}
            undo   certutil -d sql:"$HOME/.pki/nssdb" -D -n "casproxy lab"
  curl             curl --cacert {unix} https://localhost:8443/owa/
"""
"""What to type, for each that keeps trust anchors of its own."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add what can be done."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    make = _add(actions, "make", "make the lab's authority, or a certificate signed by it", _make)
    make.add_argument("names", nargs="*", metavar="NAME", help="host names and addresses; the first names the files")
    _add_state(make)
    make.add_argument("--fault", metavar="WORD", help="make it wrong in this way; `certs faults` lists the words")
    make.add_argument("--out", default=".", metavar="DIR", help="folder for the files (the working folder)")
    show = _add(actions, "show", "show what the certificates in files say", _show)
    show.add_argument("files", nargs="+", metavar="FILE", help="PEM or DER")
    _add_json(show)
    _add_state(_add(actions, "trust", "print how to trust the lab's authority; runs nothing", _trust))
    _add_json(_add(actions, "faults", "list the ways in which a certificate can be wrong", _faults))


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked for; returns the exit code."""
    action: Callable[[argparse.Namespace], int] = arguments.action
    return action(arguments)


def _add(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    sentence: str,
    action: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=sentence, description=sentence)
    parser.set_defaults(action=action)
    return parser


def _add_state(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--state", default=STATE, metavar="DIR", help=f"folder of the lab's authority ({STATE})")


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def _make(arguments: argparse.Namespace) -> int:
    order = certs_make.Order(
        names=tuple(arguments.names), state=Path(arguments.state), fault=arguments.fault, out=Path(arguments.out)
    )
    return certs_make.make(order)


def _show(arguments: argparse.Namespace) -> int:
    return certs_show.show([Path(each) for each in arguments.files], as_json=arguments.json)


def _trust(arguments: argparse.Namespace) -> int:
    authority = (Path(arguments.state) / "ca.pem").absolute()
    try:
        authority.read_bytes()
    except OSError as fault:
        text = f"{fault.strerror}: {authority}. `casproxy certs make --state {shlex.quote(arguments.state)}` makes it."
        print(f"casproxy certs: {text}", file=sys.stderr)
        return UNKNOWN
    quoted = {"path": authority, "unix": shlex.quote(str(authority)), "windows": f'"{authority}"'}
    print(TRUST.format(**quoted, name=AUTHORITY_NAME), end="")
    return DONE


def _faults(arguments: argparse.Namespace) -> int:
    if arguments.json:
        print(json.dumps([_plain(fault) for fault in FAULTS.values()], indent=2))
        return DONE
    print(_line("word", "code", "reasons", "certificate, and what [trust] must set for it to show"))
    for fault in FAULTS.values():
        needs = f" Needs {', '.join(fault.needs)}." if fault.needs else ""
        print(_line(fault.name, str(fault.code), ", ".join(fault.reasons) or "trusted", fault.sentence + needs))
    return DONE


def _line(word: str, code: str, reasons: str, sentence: str) -> str:
    return f"{word:<27}{code:>4}  {reasons:<31}{sentence}"


def _plain(fault: Fault) -> dict[str, object]:
    return {
        "word": fault.name,
        "sentence": fault.sentence,
        "trusted": fault.is_trusted,
        "code": fault.code,
        "reasons": list(fault.reasons),
        "needs": list(fault.needs),
        "policy": dict(fault.policy),
    }
