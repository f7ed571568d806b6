"""Rules about servers that know the users; what their files hold is `service`'s to look at."""

import re
from collections.abc import Iterator
from itertools import accumulate
from urllib.parse import urlsplit

from proxy.model.sites import in_brackets
from proxy.settings.addresses import BadAddress, parse_address
from proxy.settings.directory_schema import Ldap
from proxy.settings.problems import Path, quote
from proxy.settings.report import Report
from proxy.settings.schema import Settings
from proxy.settings.values import spell_seconds

LDAPS_PORT = 636
"""Where LDAP over TLS listens."""
LEAST_REMEMBER = 5.0
"""Seconds for which a user is remembered, at the least."""

_LDAP, _HTTP = ("directory", "ldap"), ("directory", "http")
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}", re.ASCII)
_ATTRIBUTE_KEYS = tuple(key for key in Ldap.__struct_fields__ if key.endswith("_attribute"))
_DN = re.compile(r"[A-Za-z][A-Za-z0-9.-]*=.+", re.ASCII)
_HAS_USER = "The URL holds a user name or a password, which do not belong here."
"""What is said instead of showing it."""
_ESCAPE = re.compile(r"\\[0-9A-Fa-f]{2}")


def ldap_address(url: str) -> tuple[str, int]:
    """Give host and port of an LDAP server.

    Raises: ValueError for anything but `ldaps://host` or `ldaps://host:port`.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "ldaps" or parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(url)
    _check_host(host, parts.port or LDAPS_PORT)
    return host, parts.port or LDAPS_PORT


def _check_host(host: str, port: int) -> None:
    try:
        parse_address(f"{in_brackets(host)}:{port}")
    except BadAddress as fault:
        raise ValueError(fault.sentence) from None


def _urls(settings: Settings, report: Report) -> None:
    """Each names a server and nothing else; there is no way without TLS."""
    if not report.is_sound((*_LDAP, "urls")):
        return
    for number, url in enumerate(settings.directory.ldap.urls):
        try:
            ldap_address(url)
        except ValueError:
            guess = "Passwords go over TLS only: w" if url.startswith("ldap:") else "W"
            report.refuse(
                (*_LDAP, "urls", number) if len(settings.directory.ldap.urls) > 1 else (*_LDAP, "urls"),
                _HAS_USER if "@" in url else f"{quote(url)} is not the address of an LDAP server with TLS.",
                f'{guess}rite "ldaps://dc01.lab.example" or "ldaps://dc01.lab.example:636".',
            )


def _names(settings: Settings, report: Report) -> None:
    """Distinguished names look like some, and attributes have names."""
    table = settings.directory.ldap
    for key, text in (("bind_dn", table.bind_dn), ("base_dn", table.base_dn)):
        if text and report.is_sound((*_LDAP, key)) and not (_DN.match(text) and text.isprintable()):
            report.refuse(
                (*_LDAP, key), f"{quote(text)} is not a distinguished name.", 'For example: "DC=lab,DC=example".'
            )
    for path, text in _attributes(settings):
        if report.is_sound(path) and not _ATTRIBUTE.fullmatch(text):
            report.refuse(path, f"{quote(text)} is not the name of an attribute: letters, digits, hyphens.")


def _attributes(settings: Settings) -> Iterator[tuple[Path, str]]:
    table = settings.directory.ldap
    for key in _ATTRIBUTE_KEYS:
        if text := getattr(table, key):
            yield (*_LDAP, key), text
    for number, text in enumerate(table.address_attributes):
        yield (*_LDAP, "address_attributes", number), text


def _filter(settings: Settings, report: Report) -> None:
    """One filter in parentheses, so that what is added to it means what it says."""
    path, text = (*_LDAP, "user_filter"), settings.directory.ldap.user_filter
    if report.is_sound(path) and not _is_filter(text):
        report.refuse(path, f"{quote(text)} is not one filter in parentheses.", 'For example: "(objectClass=user)".')


def _is_filter(text: str) -> bool:
    """Tell whether the parentheses open and close around the whole of it."""
    bare = _ESCAPE.sub("", text)
    depths = list(accumulate((letter == "(") - (letter == ")") for letter in bare))
    return bool(depths) and depths[-1] == 0 and 0 not in depths[:-1] and min(depths) == 0 and _is_plain(text)


def _is_plain(text: str) -> bool:
    return text.startswith("(") and "=" in text and text.isprintable()


def _services(settings: Settings, report: Report) -> None:
    """Each is an https URL without a user in it; what is looked up is added to the query."""
    for key, url in (("check_url", settings.directory.http.check_url), ("find_url", settings.directory.http.find_url)):
        path = (*_HTTP, key)
        if url and report.is_sound(path) and not _is_https(url):
            report.refuse(
                path,
                _HAS_USER if "@" in url.partition("?")[0] else f"{quote(url)} is not an https URL.",
                f'For example: {key} = "https://users.lab.example/find".',
            )


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _check_host(parts.hostname or "", parts.port or 443)
    except ValueError:
        return False
    return (
        parts.scheme == "https" and "@" not in parts.netloc and "#" not in url and url.isprintable() and " " not in url
    )


def _ages(settings: Settings, report: Report) -> None:
    """Demand time to look a user up again; doubt that what is known should count for less while nobody can be asked."""
    directory, path = settings.directory, ("directory", "remember_down")
    if not report.is_sound(("directory", "remember")):
        return
    if directory.remember < LEAST_REMEMBER:
        report.refuse(
            ("directory", "remember"),
            f"{quote(spell_seconds(directory.remember))} is too short to look users up again before it is over.",
            f'Write "{spell_seconds(LEAST_REMEMBER)}" or more.',
        )
    elif report.is_sound(path) and directory.remember_down < directory.remember:
        report.warn(
            path,
            f"remember_down is shorter than remember, so {quote(spell_seconds(directory.remember))} counts.",
            "Make it longer: so long users go on while the directory is down.",
        )


RULES = (_urls, _names, _filter, _services, _ages)
"""Every rule about servers that know the users."""
