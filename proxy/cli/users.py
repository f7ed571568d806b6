"""`casproxy users`: adds, removes and lists the users of a file, and ends their sessions."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from proxy.accounts.file import read_file, read_users
from proxy.accounts.rewrite import rewrite
from proxy.cli.new_password import NoPassword, add_costs, hash_new_password
from proxy.directory.edit import UserUnknown, add_user, end_sessions, find_user, remove_user
from proxy.directory.faults import DirectoryInvalid, quote
from proxy.directory.users_file import Entry, parse_users, render_users
from proxy.model.accounts import Account, Mailbox
from proxy.model.clean import clean_text

NAME = "users"
HELP = "add, remove and list the users of a file, end their sessions"

DONE, INVALID, UNKNOWN = 0, 1, 3

_Action = Callable[[argparse.Namespace], int]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add what can be done."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    _configure_add(
        _add(actions, "add", "add a user; the password is asked for, or comes from standard input", _add_user)
    )
    for name, sentence, action in (
        ("remove", "remove a user", _remove),
        ("end-sessions", "end all sessions of a user, on every computer", _end_sessions),
    ):
        _add(actions, name, sentence, action).add_argument("name", metavar="NAME", help="any login with a domain")
    listing = _add(actions, "list", "list the users; passwords and their hashes are never shown", _list)
    listing.add_argument("--json", action="store_true", help="answer in JSON")


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked for: 0; 1 when file or user are not valid; 3 when user or file cannot be found or used."""
    action: _Action = arguments.action
    try:
        return action(arguments)
    except DirectoryInvalid as fault:
        _say(str(fault))
        return INVALID if Path(arguments.file).is_file() else UNKNOWN
    except NoPassword as stop:
        _say(str(stop))
        return stop.code
    except UserUnknown:
        _say(f"{arguments.file} has no user {quote(arguments.name)}.")
        return UNKNOWN
    except OSError as fault:
        _say(f"{arguments.file} was not changed: {fault.strerror}.")
        return UNKNOWN


def _add(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, sentence: str, action: _Action
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=sentence, description=sentence)
    parser.add_argument("--file", required=True, metavar="USERS", help="the users file")
    parser.set_defaults(action=action)
    return parser


def _configure_add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="DOMAIN\\user")
    parser.add_argument("--site", default="", metavar="S", help="site of the mailbox; without it there is none")
    parser.add_argument("--upn", default="", metavar="U", help="user principal name, user@domain")
    parser.add_argument("--address", action="append", default=[], metavar="A", help="SMTP address; may be repeated")
    parser.add_argument("--display", default="", metavar="D", help="name for people")
    parser.add_argument("--group", action="append", default=[], metavar="G", help="name of a group; may be repeated")
    parser.add_argument("--password-file", metavar="F", help="file whose first line is the password")
    add_costs(parser)


def _add_user(arguments: argparse.Namespace) -> int:
    """Look whether the user can be added before asking for the password, and once more when adding."""
    path, bare = Path(arguments.file), _new_entry(arguments)
    add_user(read_file(path) if path.exists() else render_users(()), path.name, bare)
    entry = bare._replace(password_hash=hash_new_password(arguments, arguments.password_file))
    rewrite(path, lambda text: add_user(text, path.name, entry), new=render_users(()))
    print(f"Added {clean_text(entry.account.name)} to {path}.")
    return DONE


def _new_entry(arguments: argparse.Namespace) -> Entry:
    account = Account(
        name=arguments.name,
        upn=arguments.upn,
        addresses=tuple(arguments.address),
        display=arguments.display,
        groups=tuple(arguments.group),
        mailbox=Mailbox(site=arguments.site) if arguments.site else None,
        epoch=int(time.time()),  # sessions of a user of the same name who was removed stay over
    )
    return Entry(account, "")


def _remove(arguments: argparse.Namespace) -> int:
    name = _change(arguments, remove_user)
    print(f"Removed {name} from {arguments.file}.")
    return DONE


def _end_sessions(arguments: argparse.Namespace) -> int:
    now = int(time.time())
    name = _change(arguments, lambda text, source, login: end_sessions(text, source, login, now))
    print(f"Ended all sessions of {name}.")
    return DONE


def _change(arguments: argparse.Namespace, change: Callable[[str, str, str], str]) -> str:
    """Change a user and give the canonical name."""
    path, names = Path(arguments.file), []

    def note_and_change(text: str) -> str:
        names.append(find_user(parse_users(text, path.name), arguments.name).account.name)
        return change(text, path.name, arguments.name)

    rewrite(path, note_and_change)
    return clean_text(names[0])


def _list(arguments: argparse.Namespace) -> int:
    entries = read_users(Path(arguments.file))
    if arguments.json:
        print(json.dumps({"users": [_plain(entry) for entry in entries]}, indent=2, ensure_ascii=False))
        return DONE
    rows = [("user", "site", "password", "display", "other logins"), *map(_row, entries)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return DONE


def _row(entry: Entry) -> tuple[str, ...]:
    account = entry.account
    logins = ", ".join(filter(None, (account.upn, *account.addresses)))
    site = account.mailbox.site if account.mailbox else "no mailbox"
    password = "yes" if entry.password_hash else "none"
    return account.name, site, password, account.display, logins


def _plain(entry: Entry) -> dict[str, object]:
    account, mailbox = entry.account, entry.account.mailbox
    return {
        **plain_user(account),
        "site": mailbox.site if mailbox else None,
        "database": mailbox.database if mailbox else None,
        "version": mailbox.version if mailbox else None,
        "epoch": account.epoch,
        "has_password": bool(entry.password_hash),
    }


def plain_user(account: Account) -> dict[str, object]:
    """Give a user's names and groups for JSON; where the mailbox is stands elsewhere."""
    return {
        "name": account.name,
        "upn": account.upn,
        "addresses": list(account.addresses),
        "display": account.display,
        "groups": list(account.groups),
        "sid": account.sid,
    }


def _say(sentence: str) -> None:
    print(f"casproxy users: {sentence}", file=sys.stderr)
