"""The tables about signing in, as structs; they belong to `schema`, which says how keys are described."""

from typing import Annotated, Literal

from msgspec import Meta

from proxy.settings.directory_schema import Http, Ldap
from proxy.settings.terms import MAX_SECONDS, Table

MAX_SESSION = 43_200 * 60.0
"""Seconds, thirty days: the longest that Exchange 2010 took for PublicTimeout and PrivateTimeout."""


class Directory(Table, frozen=True, kw_only=True):
    """Who may sign in, and where each mailbox is."""

    provider: Annotated[
        Literal["none", "file", "ldap", "http"],
        Meta(
            description="Where users come from. `none`: nobody signs in, and sites are chosen by host and path. "
            "Otherwise users sign in, and the site of the mailbox is used, which needs `session.key_file`. `file`: "
            "with the names and passwords of `users_file`. `ldap`: with those of the directory in `[directory.ldap]`. "
            "`http`: a service of your own says who may, see `[directory.http]`."
        ),
    ] = "none"
    users_file: Annotated[
        str,
        Meta(
            description="TOML file with the users, one `[[users]]` table each: names, mailbox, hash of the password.",
            extra={"example": "/etc/casproxy/users.toml"},
        ),
    ] = ""
    default_domain: Annotated[
        str,
        Meta(
            description="Domain of a user name that is typed without one.",
            extra={"example": "LAB", "absent": "Absent: users write theirs, or an address."},
        ),
    ] = ""
    remember: Annotated[
        float,
        Meta(
            description="With `ldap` and `http`: how long is believed what was told about a user. Changes there, also "
            "that somebody is gone, count after this at the latest. Passwords are never remembered.",
            gt=0,
            le=MAX_SECONDS,
            extra={"kind": "duration"},
        ),
    ] = 60.0
    remember_unknown: Annotated[
        float,
        Meta(
            description="The same for a user who is not there.",
            ge=0,
            le=MAX_SECONDS,
            extra={"kind": "duration"},
        ),
    ] = 10.0
    remember_down: Annotated[
        float,
        Meta(
            description="The same while the directory cannot be asked: so long users who are signed in go on. Nobody "
            "signs in then, who tries gets 503, and event 57 says why.",
            ge=0,
            le=MAX_SECONDS,
            extra={"kind": "duration"},
        ),
    ] = 3_600.0
    ldap: Ldap = Ldap()
    http: Http = Http()
    argon2_memory: Annotated[
        int,
        Meta(
            description="Memory of Argon2id for a new password's hash, and for the check that keeps an unknown user "
            "waiting as long as a known one; a hash in `users_file` keeps the costs it was made with. At least eight "
            "times `argon2_lanes`.",
            ge=8,
            le=262_144,
            extra={"unit": "KiB"},
        ),
    ] = 65_536
    argon2_iterations: Annotated[
        int,
        Meta(
            description="Passes of Argon2id over its memory; for the same hashes as `argon2_memory`.",
            ge=1,
            le=16,
            extra={"unit": "passes"},
        ),
    ] = 3
    argon2_lanes: Annotated[
        int,
        Meta(
            description="Lanes of Argon2id; for the same hashes as `argon2_memory`.",
            ge=1,
            le=8,
            extra={"unit": "lanes"},
        ),
    ] = 1
    password_checks: Annotated[
        int,
        Meta(
            description="Passwords that are checked at once; the others wait. Each takes a processor core and the "
            "memory of its hash.",
            ge=1,
            le=64,
            extra={"unit": "checks"},
        ),
    ] = 2


class Session(Table, frozen=True, kw_only=True):
    """How long users stay signed in, and how often they may try."""

    key_file: Annotated[
        str,
        Meta(
            description="File with the keys that seal the sign-in cookie, one a line: a Fernet key, which is 32 bytes "
            "in URL-safe base64; `#` starts a comment. The first key seals, all open: put a new one first and keep "
            "the old one until its cookies are over. Proxies that share their users share this file.",
            extra={"example": "/etc/casproxy/session.keys"},
        ),
    ] = ""
    public_timeout: Annotated[
        float,
        Meta(
            description="How long a sign-in on a public computer lasts without activity of the user; renewed when "
            "more than half is gone.",
            ge=60,
            le=MAX_SESSION,
            extra={"kind": "duration", "historic": "PublicTimeout, a number of minutes from 1 to 43200"},
        ),
    ] = 900.0
    private_timeout: Annotated[
        float,
        Meta(
            description="The same for computers that the user calls private.",
            ge=60,
            le=MAX_SESSION,
            extra={"kind": "duration", "historic": "PrivateTimeout, a number of minutes from 1 to 43200"},
        ),
    ] = 28_800.0
    attempts_user: Annotated[
        int,
        Meta(
            description="Wrong passwords for one user name from one client address, within ten minutes, that stop "
            "the two for `lockout`. Before that each try must wait longer; from other addresses the user is slowed "
            "down, never stopped.",
            ge=1,
            le=1_000_000,
            extra={"unit": "attempts"},
        ),
    ] = 10
    attempts_address: Annotated[
        int,
        Meta(
            description="Wrong passwords from one client address, for whatever users, within ten minutes, that stop "
            "it for `lockout`. Many users may share an address.",
            ge=1,
            le=1_000_000,
            extra={"unit": "attempts"},
        ),
    ] = 50
    lockout: Annotated[
        float,
        Meta(
            description="How long nothing is checked of whom too many wrong passwords stopped.",
            gt=0,
            le=MAX_SECONDS,
            extra={"kind": "duration"},
        ),
    ] = 900.0


class Identity(Table, frozen=True, kw_only=True):
    """What the servers of the sites are told about who signed in; browsers cannot send these headers."""

    user_header: Annotated[
        str,
        Meta(description=r"Request header that carries the user's name, `DOMAIN\user`, to the servers."),
    ] = "X-CASProxy-User"
    groups_header: Annotated[
        str,
        Meta(description="Request header that carries the names of the user's groups. Empty: it is not sent."),
    ] = "X-CASProxy-Groups"
