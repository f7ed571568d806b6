"""Rules about trust: what each table says, and what is in force for each site; whether files hold it is `service`'s.

A mistake in `[trust]` is told there once, and for a site only where the site's own keys take part in it.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from proxy.settings.pins import BadPin, read_pin
from proxy.settings.problems import Path, quote
from proxy.settings.report import Report
from proxy.settings.schema import Settings
from proxy.settings.trust_schema import CHECKS, SiteTrust, Trust, put_over
from proxy.settings.values import did_you_mean

Rule = Callable[[Settings, Report], None]
"""Looks at the settings and tells the report; keys that are not sound are left alone."""

_NO_CHAIN = 'Put "chain" into verify, or leave {} out.'


class Scope(NamedTuple):
    """One table about trust."""

    path: Path
    """Where it stands."""
    table: Trust | SiteTrust
    """What stands in it."""
    trust: Trust
    """What is in force by it."""
    own: frozenset[str]
    """Keys that it sets otherwise than they are without it."""


class Combination(NamedTuple):
    """Keys that must not stand beside each other."""

    keys: tuple[str, ...]
    """The keys that take part; the problem is told at the first of them that the table sets itself."""
    holds: Callable[[Trust], bool]
    """Tells whether the mistake is there."""
    sentence: str
    """What is wrong."""
    cure: str
    """What to do."""
    is_local: bool = False
    """Whether it is a mistake only where the same table sets all keys."""


COMBINATIONS = (
    Combination(
        ("ca_mode", "ca_files"),
        lambda trust: trust.ca_mode == "only" and not trust.ca_files,
        'ca_mode "only" without ca_files would trust nobody.',
        "Name the files in ca_files.",
    ),
    Combination(
        ("verify",),
        lambda trust: not trust.verify,
        "With an empty verify nothing would be verified, whatever pins and authorities say.",
        "To use any certificate, set allow_internal_untrusted_certs = 1 instead.",
    ),
    Combination(
        ("verify", "pin_spki_sha256"),
        lambda trust: _lacks_chain(trust) and not trust.pin_spki_sha256,
        'Without "chain" anybody could make the certificate, and no key is pinned.',
        'Put "chain" into verify, or pin the keys in pin_spki_sha256.',
    ),
    Combination(
        ("ca_files", "verify"),
        lambda trust: _lacks_chain(trust) and bool(trust.ca_files),
        'ca_files would not be used, for verify leaves "chain" out.',
        _NO_CHAIN.format("ca_files"),
        is_local=True,
    ),
    Combination(
        ("crl_files", "verify"),
        lambda trust: _lacks_chain(trust) and bool(trust.crl_files),
        'crl_files would not be used, for verify leaves "chain" out.',
        _NO_CHAIN.format("crl_files"),
    ),
    Combination(
        ("strict_rfc5280", "verify"),
        lambda trust: _lacks_chain(trust) and trust.strict_rfc5280,
        'strict_rfc5280 would not be used, for verify leaves "chain" out.',
        _NO_CHAIN.format("strict_rfc5280"),
    ),
    Combination(
        ("verify", "crl_files"),
        lambda trust: "chain" in trust.verify and "expiry" not in trust.verify and bool(trust.crl_files),
        'Without "expiry" a revocation list that is out of date would pass.',
        'Put "expiry" into verify, or leave crl_files out.',
    ),
)
"""What is refused, in the order in which it is told."""


def scopes(settings: Settings, report: Report) -> Iterator[Scope]:
    """List the tables about trust, `[trust]` first; those are left out in which, or above which, a value is unsound."""
    if not report.is_sound(("trust",)):
        return
    yield _scope(("trust",), settings.trust, settings.trust, Trust())
    for number, site in enumerate(settings.sites):
        path = ("sites", number, "trust")
        if report.is_sound(path):
            yield _scope(path, site.trust, put_over(settings.trust, site.trust), settings.trust)


def _scope(path: Path, table: Trust | SiteTrust, trust: Trust, above: Trust) -> Scope:
    names = Trust.__struct_fields__
    own = frozenset(name for name in names if _content(getattr(trust, name)) != _content(getattr(above, name)))
    return Scope(path, table, trust, own)


def _content(value: object) -> object:
    """Give what counts of a value: the order of a list does not."""
    return frozenset(value) if isinstance(value, tuple) else value


def _words(settings: Settings, report: Report) -> None:
    """Take only the words that verify knows, each once."""
    for path, words in _lists(settings, report, "verify"):
        for number, word in enumerate(words):
            if word not in CHECKS:
                known = ", ".join(map(quote, CHECKS))
                report.refuse((*path, number), f"{quote(word)} is not one of {known}.", did_you_mean(word, CHECKS))
            elif word in words[:number]:
                report.refuse((*path, number), f"{quote(word)} stands twice.", "Leave one out.")


def _pins(settings: Settings, report: Report) -> None:
    """Take only hashes of SHA-256, each once whatever its spelling."""
    for path, texts in _lists(settings, report, "pin_spki_sha256"):
        seen: set[str] = set()
        for number, text in enumerate(texts):
            try:
                pin = read_pin(text)
            except BadPin as fault:
                report.refuse((*path, number), fault.sentence, fault.suggestion)
                continue
            if pin in seen:
                report.refuse((*path, number), f"{quote(text)} stands twice.", "Leave one out.")
            seen.add(pin)


def _file_names(settings: Settings, report: Report) -> None:
    """Every file of a list has a name."""
    for key in ("ca_files", "crl_files"):
        for path, files in _lists(settings, report, key):
            for number, file in enumerate(files):
                if not file:
                    report.refuse((*path, number), "The name of the file is empty.")


def _lists(settings: Settings, report: Report, key: str) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Give a list wherever it is set and could be read."""
    tables: list[tuple[Path, Trust | SiteTrust]] = [(("trust",), settings.trust)]
    tables += [(("sites", number, "trust"), site.trust) for number, site in enumerate(settings.sites)]
    for path, table in tables:
        if report.is_sound((*path, key)):
            yield (*path, key), getattr(table, key) or ()


def _client_pair(settings: Settings, report: Report) -> None:
    """Demand a certificate in the key's own table: a site takes both from above it, or neither."""
    for path, table, *_ in scopes(settings, report):
        key, certificate = table.client_key, table.client_cert
        if (key and not certificate) or (key is not None and certificate is None):
            report.refuse(
                (*path, "client_key"),
                "client_key without client_cert has no certificate to belong to.",
                "Name the certificate's file in client_cert of the same table.",
            )


def _combinations(settings: Settings, report: Report) -> None:
    """Refuse what contradicts itself, where it comes from."""
    for path, _, trust, own in scopes(settings, report):
        if not set(trust.verify) <= set(CHECKS):
            continue  # told already, and what was meant is not known
        for each in COMBINATIONS:
            taking_part = [key for key in each.keys if key in own]
            is_own = len(taking_part) == len(each.keys) if each.is_local else bool(taking_part)
            if is_own and each.holds(trust):
                report.refuse((*path, taking_part[0]), each.sentence, each.cure)


def _lacks_chain(trust: Trust) -> bool:
    return bool(trust.verify) and "chain" not in trust.verify


RULES: tuple[Rule, ...] = (_words, _pins, _file_names, _client_pair, _combinations)
