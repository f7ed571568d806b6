"""Makes the source of users that the settings describe; what each does is `accounts`'."""

from collections.abc import Callable
from pathlib import Path

import certifi

from proxy.accounts.cache import Ages
from proxy.accounts.file import FileProvider
from proxy.accounts.http import HttpSource, HttpTerms
from proxy.accounts.ldap import LdapSource, LdapTerms
from proxy.accounts.material import Material
from proxy.accounts.passwords import Checker
from proxy.accounts.provider import Provider
from proxy.accounts.remembering import Remembering, Source
from proxy.directory.ldap import Attributes, Plan
from proxy.directory.phc import Costs
from proxy.settings.check_directory import ldap_address
from proxy.settings.directory_schema import Ldap
from proxy.settings.signin_schema import Directory

Clock = Callable[[], float]
Tell = Callable[[str], None]


def make_provider(directory: Directory, clock: Clock, tell: Tell) -> Provider:
    """Make it; `clock` gives seconds since 1970, `tell` is told what an administrator should know.

    Raises: DirectoryInvalid for a users file that cannot be used.
    """
    if directory.provider == "file":
        costs = Costs(
            memory_kib=directory.argon2_memory, iterations=directory.argon2_iterations, lanes=directory.argon2_lanes
        )
        checker = Checker(costs, threads=directory.password_checks)
        return FileProvider(Path(directory.users_file), directory.default_domain, checker, tell)
    ages = Ages(fresh=directory.remember, unknown=directory.remember_unknown, stale=directory.remember_down)
    return Remembering(_source(directory, tell), ages, clock, tell)


def _source(directory: Directory, tell: Tell) -> Source:
    if directory.provider == "ldap":
        table = directory.ldap
        terms = LdapTerms(
            servers=tuple(map(ldap_address, table.urls)),
            base_dn=table.base_dn,
            bind_dn=table.bind_dn,
            plan=Plan(directory.default_domain, table.user_filter, _attributes(table)),
            seconds=table.timeout,
        )
        return LdapSource(terms, _material(table.ca_file, table.bind_password_file), tell)
    service = directory.http
    return HttpSource(
        HttpTerms(
            check_url=service.check_url,
            find_url=service.find_url,
            default_domain=directory.default_domain,
            seconds=service.timeout,
        ),
        _material(service.ca_file, service.token_file),
    )


def _attributes(table: Ldap) -> Attributes:
    return Attributes(
        name=table.name_attribute,
        upn=table.upn_attribute,
        addresses=table.address_attributes,
        display=table.display_attribute,
        groups=table.groups_attribute,
        site=table.site_attribute,
        database=table.database_attribute,
        version=table.version_attribute,
        sid=table.sid_attribute,
    )


def _material(ca_file: str, secret_file: str) -> Material:
    return Material(Path(ca_file or certifi.where()), Path(secret_file) if secret_file else None)
