"""Change one user in the text of a users file and leave the rest, comments included, as it is.

Where a text is written in a way that cannot be changed piece by piece, it is written anew: users stay, comments go.
"""

from dataclasses import replace

from proxy.directory.faults import DirectoryInvalid
from proxy.directory.lines import locate
from proxy.directory.people import Directory
from proxy.directory.users_file import Entry, parse_users, render_entry, render_users

Entries = tuple[Entry, ...]


class UserUnknown(Exception):
    """No user of the file has this login."""


def add_user(text: str, name: str, entry: Entry) -> str:
    """Add a user at the end; `name` is how messages call the file.

    Raises: DirectoryInvalid, also when the user's values cannot be used or somebody has one of the logins.
    """
    wanted = (*parse_users(text, name), entry)
    is_list = "users" in locate(text).top
    edited = render_users(wanted) if is_list else f"{text.rstrip()}\n\n{render_entry(entry)}"
    parse_users(edited, name)
    return edited


def remove_user(text: str, name: str, login: str) -> str:
    """Remove the user with this login.

    Raises: DirectoryInvalid; UserUnknown.
    """
    entries = parse_users(text, name)
    number = _position(entries, login)
    lines = text.split("\n")
    blocks = locate(text).users
    if number < len(blocks):
        del lines[blocks[number].start - 1 : blocks[number].end - 1]
    return _either("\n".join(lines), (*entries[:number], *entries[number + 1 :]))


def end_sessions(text: str, name: str, login: str, now: int) -> str:
    """Raise the user's epoch, to `now` at the least, so that it grows even for one who was removed and added again.

    Raises: DirectoryInvalid; UserUnknown.
    """
    entries = parse_users(text, name)
    number = _position(entries, login)
    epoch = max(entries[number].account.epoch + 1, now)
    changed = _with_epoch(entries[number], epoch)
    lines = text.split("\n")
    blocks = locate(text).users
    if number < len(blocks):
        at = blocks[number].keys.get("epoch")
        where = slice(at - 1, at) if at else slice(blocks[number].start, blocks[number].start)
        lines[where] = [f"epoch = {epoch}"]
    return _either("\n".join(lines), (*entries[:number], changed, *entries[number + 1 :]))


def find_user(entries: Entries, login: str) -> Entry:
    """Find the user with this login.

    Raises: UserUnknown.
    """
    return entries[_position(entries, login)]


def _position(entries: Entries, login: str) -> int:
    account = Directory((entry.account for entry in entries), "").find(login)
    if account is None:
        raise UserUnknown
    return next(number for number, entry in enumerate(entries) if entry.account is account)


def _with_epoch(entry: Entry, epoch: int) -> Entry:
    return entry._replace(account=replace(entry.account, epoch=epoch))


def _either(edited: str, wanted: Entries) -> str:
    """Give the edited text if it means what is wanted, else one that does."""
    try:
        means = parse_users(edited, "")
    except DirectoryInvalid:
        means = None
    return edited if means == wanted else render_users(wanted)
