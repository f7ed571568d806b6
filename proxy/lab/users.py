"""The users of the lab as a table, and their files; nobody but a lab may use them: each password is the user's name."""

from dataclasses import dataclass
from pathlib import Path

from proxy.accounts.passwords import hash_password
from proxy.certkit.files import PRIVATE, write_file
from proxy.directory.phc import Costs
from proxy.directory.users_file import Entry, render_users
from proxy.model.accounts import Account, Mailbox
from proxy.session.keys import BadKeys, KeyRing, new_key

DOMAIN = "LAB"
"""The domain of every user."""
_DOMAIN_SID = "S-1-5-21-1000-2000-3000"
"""Its security identifier; made up."""
COSTS = Costs(memory_kib=8192, iterations=1)
"""Cheap, so that a lab starts at once; what protects a password that everybody knows?"""
REMARK = "# Written by `casproxy lab` at each start, for the lab alone: each password is the user's name.\n\n"
"""What the users file begins with; only a lab serves a file with it."""
USERS_FILE, KEY_FILE = "users.toml", "session.keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabUser:
    """Somebody who can sign in."""

    number: int
    """What tells its security identifier from all others."""
    name: str
    """The name, which is the password, too."""
    display: str
    """Name for people."""
    site: str = ""
    """Site of the mailbox; empty: there is none."""
    groups: tuple[str, ...] = ("Staff",)
    """Names of groups."""

    @property
    def login(self) -> str:
        """The canonical name."""
        return f"{DOMAIN}\\{self.name}"

    def account(self) -> Account:
        """Give the user as the directory knows it."""
        return Account(
            name=self.login,
            upn=f"{self.name}@lab.localhost",
            addresses=(f"{self.name}@mail.lab.localhost",),
            display=self.display,
            sid=f"{_DOMAIN_SID}-{self.number}",
            groups=self.groups,
            mailbox=Mailbox(site=self.site, database=f"{self.site} 1") if self.site else None,
        )


USERS = (
    LabUser(number=1101, name="alice", display="Alice Ashdown", site="HQ", groups=("Staff", "Mail administrators")),
    LabUser(number=1102, name="bob", display="Bob Brandt", site="Branch"),
    LabUser(number=1103, name="carol", display="Carol Ćwik", site="Plant", groups=("Staff", "Plant floor")),
    LabUser(number=1104, name="dave", display="Dave Dunmore", site="Remote"),
    LabUser(number=1105, name="erin", display="Erin Eklund", site="Vault"),
    LabUser(number=1106, name="frank", display="Frank Fjord", groups=("Visitors",)),
    LabUser(number=1107, name="gina", display="Gina Gallo", site="Warehouse"),
    LabUser(number=1108, name="hank", display="Hank Holloway", site="Depot"),
    LabUser(number=1109, name="ivan", display="Ivan Ilves", site="Cellar"),
)
"""One for each thing that can happen."""


def write_users(folder: Path) -> None:
    """Write the users anew, and a key ring if there is none that can be used.

    Raises: OSError when the folder cannot be written.
    """
    entries = [Entry(user.account(), hash_password(user.name, COSTS)) for user in USERS]
    write_file(folder / USERS_FILE, (REMARK + render_users(entries)).encode(), PRIVATE)
    if not _has_keys(folder / KEY_FILE):
        write_file(folder / KEY_FILE, f"{new_key()}\n".encode(), PRIVATE)


def is_of_lab(file: str) -> bool:
    """Tell whether a users file was written by a lab. Raises: OSError when it cannot be read."""
    start = REMARK.rstrip().encode()
    with Path(file).open("rb") as users:
        return users.read(len(start)) == start


def _has_keys(file: Path) -> bool:
    try:
        KeyRing.read(file.read_bytes())
    except (OSError, BadKeys):
        return False
    return True
