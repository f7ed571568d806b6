"""Rules about signing in; what the files of users and keys hold is `service`'s to look at."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from proxy.settings.problems import Path, quote
from proxy.settings.report import Report
from proxy.settings.schema import Settings

LEAST_MEMORY_PER_LANE = 8
"""KiB, by RFC 9106, section 3.1."""
MAX_HEADER_NAME = 64
"""Characters of a header's name."""

MEANINGFUL = frozenset(
    {
        "accept", "age", "allow", "alt-svc", "authentication-info", "authorization", "cache-control",
        "connection", "cookie", "cookie2", "date", "depth", "destination", "dnt", "early-data", "etag",
        "expect", "expires", "forwarded", "from", "front-end-https", "host", "http2-settings", "keep-alive",
        "last-modified", "location", "lock-token", "max-forwards", "origin", "overwrite", "pragma", "priority",
        "proxy-connection", "range", "referer", "retry-after", "server", "te", "timeout", "trailer",
        "transfer-encoding", "upgrade", "upgrade-insecure-requests", "user-agent", "vary", "via", "warning",
        "www-authenticate", "x-backendcookie", "x-beresource", "x-http-method-override", "x-logontype",
        "x-original-url", "x-real-ip", "x-request-id", "x-requested-with", "x-rewrite-url", "x-useractivity",
    }
)  # fmt: skip
"""Names of headers that servers, proxies or Exchange give a meaning, in lower case."""
MEANINGFUL_STARTS = (
    "accept-", "access-control-", "content-", "if-", "proxy-", "sec-", "set-cookie", "trace", "x-forwarded",
    "x-anonresource", "x-ms-", "x-owa-", "x-servertoserver-",
)  # fmt: skip
"""How further such names start."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_MAX_DOMAIN = 255
_NOT_IN_DOMAINS = frozenset('\\/@:;|=,+*?<>"[]')


class _Need(NamedTuple):
    """A key that a provider cannot do without."""

    path: Path
    """Where it stands."""
    why: str
    """What it is for."""
    example: str
    """A value, as it is written."""

    @property
    def name(self) -> str:
        """Spell the path."""
        return ".".join(map(str, self.path))


_KEYS = _Need(
    ("session", "key_file"), "holds the keys that seal the sign-in cookie", quote("/etc/casproxy/session.keys")
)
_USERS = _Need(("directory", "users_file"), "names the users", quote("/etc/casproxy/users.toml"))
_NEEDS: Mapping[str, tuple[_Need, ...]] = {
    "none": (),
    "file": (_USERS, _KEYS),
    "ldap": (
        _Need(("directory", "default_domain"), "is the domain of the users", quote("LAB")),
        _Need(("directory", "ldap", "urls"), "names the servers", '["ldaps://dc01.lab.example"]'),
        _Need(("directory", "ldap", "bind_dn"), "names the account that searches", quote("CN=casproxy,DC=lab")),
        _Need(("directory", "ldap", "bind_password_file"), "holds its password", quote("/run/secrets/ldap")),
        _Need(("directory", "ldap", "base_dn"), "says where users are", quote("DC=lab,DC=example")),
        _Need(("directory", "ldap", "name_attribute"), "holds the name of a user", quote("sAMAccountName")),
        _KEYS,
    ),
    "http": (
        _Need(("directory", "http", "check_url"), "checks passwords", quote("https://users.lab.example/check")),
        _Need(("directory", "http", "find_url"), "finds users", quote("https://users.lab.example/find")),
        _KEYS,
    ),
}
"""Provider → what it needs."""


def _needs(settings: Settings, report: Report) -> None:
    """Demand what the provider needs; doubt what is there for another."""
    provider = settings.directory.provider
    if not report.is_sound(("directory", "provider")):
        return
    for need in _NEEDS[provider]:
        if report.is_sound(need.path) and not _value(settings, need.path):
            report.refuse(
                need.path,
                f'directory.provider "{provider}" needs {need.name}, which {need.why}.',
                f"For example: {need.path[-1]} = {need.example}.",
            )
    for need in (_USERS, _KEYS):
        if need not in _NEEDS[provider] and report.is_sound(need.path) and _value(settings, need.path):
            _doubt(need.path, provider, f'Set directory.provider = "file", or leave {need.path[-1]} out.', report)
    for name, table in (("ldap", settings.directory.ldap), ("http", settings.directory.http)):
        if name != provider and table != type(table)():
            _doubt(("directory", name), provider, f'Set directory.provider = "{name}", or leave the table out.', report)


def _doubt(path: Path, provider: str, cure: str, report: Report) -> None:
    because = ", so nobody signs in" if provider == "none" else ""
    report.warn(path, f'{path[-1]} is not used: directory.provider is "{provider}"{because}.', cure)


def _value(settings: Settings, path: Path) -> object:
    value: object = settings
    for part in path:
        value = getattr(value, str(part))
    return value


def _default_domain(settings: Settings, report: Report) -> None:
    """Take what can stand before a backslash and after an @."""
    path, name = ("directory", "default_domain"), settings.directory.default_domain
    if not name or not report.is_sound(path):
        return
    if _NOT_IN_DOMAINS & set(name) or any(each.isspace() for each in name) or len(name) > _MAX_DOMAIN:
        report.refuse(path, f"{quote(name)} is not a domain.", 'For example: default_domain = "LAB".')


def _argon2(settings: Settings, report: Report) -> None:
    """Demand the memory without which Argon2 does not start."""
    directory = settings.directory
    least = LEAST_MEMORY_PER_LANE * directory.argon2_lanes
    path = ("directory", "argon2_memory")
    sound = report.is_sound(path) and report.is_sound(("directory", "argon2_lanes"))
    if sound and directory.argon2_memory < least:
        report.refuse(
            path,
            f"{directory.argon2_memory} KiB is too little for {directory.argon2_lanes} lanes; each needs "
            f"{LEAST_MEMORY_PER_LANE} KiB.",
            f"Write {least} or more.",
        )


def _timeouts(settings: Settings, report: Report) -> None:
    """Doubt sign-ins that last longer where anybody may sit down next."""
    session = settings.session
    path = ("session", "public_timeout")
    sound = report.is_sound(path) and report.is_sound(("session", "private_timeout"))
    if sound and session.public_timeout > session.private_timeout:
        report.warn(
            path,
            "A sign-in lasts longer on public computers than on private ones.",
            "Swap public_timeout and private_timeout, or make the first shorter.",
        )


def _headers(settings: Settings, report: Report) -> None:
    """Take names of headers that mean nothing else to anybody, and two of them."""
    identity = settings.identity
    if not identity.user_header and report.is_sound(("identity", "user_header")):
        report.refuse(
            ("identity", "user_header"),
            "Without a name for this header no server would learn who signed in.",
            'Write "X-CASProxy-User", or leave the key out.',
        )
    for key, name in (("user_header", identity.user_header), ("groups_header", identity.groups_header)):
        if name and report.is_sound(("identity", key)):
            _header(("identity", key), name, report)
    if identity.user_header and identity.user_header.lower() == identity.groups_header.lower():
        report.refuse(
            ("identity", "groups_header"),
            f"{quote(identity.groups_header)} is already the name of user_header; case does not count.",
            "Give each a name of its own.",
        )


def _header(path: Path, name: str, report: Report) -> None:
    folded = name.lower()
    if not _TOKEN.fullmatch(name) or len(name) > MAX_HEADER_NAME:
        report.refuse(
            path,
            f"{quote(name)} is not the name of a header: letters, digits, hyphens, at most {MAX_HEADER_NAME}.",
            'For example: "X-CASProxy-User".',
        )
    elif folded in MEANINGFUL or folded.startswith(MEANINGFUL_STARTS):
        report.refuse(
            path,
            f"The header {quote(name)} has a meaning of its own.",
            'Choose another, for example "X-CASProxy-User".',
        )


RULES = (_needs, _default_domain, _argon2, _timeouts, _headers)
"""Every rule about signing in."""
