"""What works about trust, but will hardly be meant: warnings; what cannot be used is refused by `check_trust`."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from proxy.model.sites import OLD_TLS_VERSIONS
from proxy.settings.check_trust import Scope, scopes
from proxy.settings.report import Report
from proxy.settings.schema import Settings
from proxy.settings.trust_schema import CHECKS, Trust

_PROMISES: Mapping[str, Callable[[Trust], str]] = MappingProxyType(
    {
        "verify": lambda trust: f"verify will demand {_join([each for each in CHECKS if each in trust.verify])}",
        "pin_spki_sha256": lambda _: "pin_spki_sha256 will refuse servers with other keys",
        "ca_files": lambda trust: (
            "ca_files will let only servers of these authorities pass"
            if trust.ca_mode == "only"
            else "ca_files will let servers of these authorities pass as well"
        ),
        "crl_files": lambda _: "crl_files will refuse revoked certificates and those without a current list",
        "strict_rfc5280": lambda _: "strict_rfc5280 will refuse chains that break RFC 5280",
    }
)
"""Key → what it will do once the switch is 0."""


def doubt_switch(settings: Settings, report: Report) -> None:
    """Tell of demands that refuse nobody because the switch is 1: for `[trust]` if no site is at 0, and for sites."""
    tables = list(scopes(settings, report))
    some_site_refuses = not all(scope.trust.allow_internal_untrusted_certs for scope in tables)
    for scope in tables:
        keys = [key for key in _PROMISES if key in scope.own and getattr(scope.trust, key)]
        is_of_all = scope.path == ("trust",)
        if not keys or not scope.trust.allow_internal_untrusted_certs or (is_of_all and some_site_refuses):
            continue
        report.warn((*scope.path, keys[0]), *_words(scope, keys))


def _words(scope: Scope, keys: list[str]) -> tuple[str, str]:
    has, decides = ("has", "it only decides") if len(keys) == 1 else ("have", "they only decide")
    sentence = (
        f"{_join(keys)} {has} no effect on what is used while allow_internal_untrusted_certs is 1; "
        f"{decides} which certificates raise event 1043."
    )
    return sentence, f"At 0 {_join([_PROMISES[key](scope.trust) for key in keys])}."


def _join(texts: list[str]) -> str:
    return " and ".join((", ".join(texts[:-1]), texts[-1])) if len(texts) > 1 else "".join(texts)


def doubt_version(settings: Settings, report: Report) -> None:
    """Tell of tables that allow old versions of TLS, with what else that allows."""
    for path, _, trust, own in scopes(settings, report):
        if "min_tls_version" in own and trust.min_tls_version in OLD_TLS_VERSIONS:
            report.warn(
                (*path, "min_tls_version"),
                f"TLS {trust.min_tls_version} is allowed: below 1.2 OpenSSL's security level 0 applies, so weak keys "
                "and signatures pass as well.",
                "Set this only for the site that needs it, and only until its servers are renewed.",
            )


def doubt_identity(settings: Settings, report: Report) -> None:
    """Tell that servers whose certificate is not trusted learn who signed in, where the switch is 1."""
    if settings.directory.provider == "none" or not report.is_sound(("directory", "provider")):
        return
    lax = [scope.path[1] for scope in scopes(settings, report) if scope.path != ("trust",) and _allows(scope)]
    sites = [settings.sites[number] for number in lax if isinstance(number, int)]
    names = [site.name for site in sites if site.servers]
    if names:
        report.warn(
            ("directory", "provider"),
            f"Servers of {_join(names)} are told who signed in even if their certificate is not trusted, because "
            "allow_internal_untrusted_certs is 1 there.",
            "Set it to 0, once `casproxy doctor` finds nothing.",
        )


def _allows(scope: Scope) -> bool:
    return scope.trust.allow_internal_untrusted_certs


RULES = (doubt_switch, doubt_version, doubt_identity)
"""Every doubt about trust."""
