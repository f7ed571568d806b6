"""The source of users is the one that the settings describe, with their values."""

from pathlib import Path

import certifi
import pytest

from proxy.accounts.file import FileProvider
from proxy.accounts.http import HttpSource, HttpTerms
from proxy.accounts.ldap import LdapSource, LdapTerms
from proxy.accounts.provider import Provider
from proxy.accounts.remembering import Remembering
from proxy.directory.ldap import Attributes, Plan
from proxy.service.providers import make_provider
from proxy.settings.directory_schema import Http, Ldap
from proxy.settings.signin_schema import Directory
from tests.visitors import account, write_users

AGES = {"remember": 30.0, "remember_unknown": 5.0, "remember_down": 300.0}


@pytest.fixture
async def make():
    """Make providers, which are closed in the end."""
    made: list[Provider] = []

    def build(**keys: object) -> Provider:
        made.append(make_provider(Directory(**keys), lambda: 1000.0, lambda _: None))
        return made[-1]

    yield build
    for provider in made:
        await provider.close()


async def test_a_file_of_users(make, tmp_path):
    """With the costs of the settings."""
    write_users(tmp_path, account("alice", "HQ"))
    provider = make(
        provider="file",
        users_file=str(tmp_path / "users.toml"),
        default_domain="LAB",
        argon2_memory=64,
        argon2_iterations=1,
    )

    assert isinstance(provider, FileProvider)
    assert await provider.check("alice", "alice") == account("alice", "HQ")


async def test_a_directory(make):
    """Every key arrives; without a file of authorities the public ones are trusted."""
    table = Ldap(
        urls=("ldaps://dc01.lab.test", "ldaps://dc02.lab.test:3269"),
        bind_dn="CN=casproxy,DC=lab",
        bind_password_file="secret",
        base_dn="DC=lab",
        user_filter="(a=b)",
        name_attribute="1",
        upn_attribute="2",
        address_attributes=("3", "4"),
        display_attribute="5",
        groups_attribute="6",
        site_attribute="7",
        database_attribute="8",
        version_attribute="9",
        sid_attribute="10",
        timeout=2.0,
    )
    provider = make(provider="ldap", default_domain="LAB", ldap=table, **AGES)

    assert isinstance(provider, Remembering)
    assert isinstance(provider._source, LdapSource)
    assert provider._source._terms == LdapTerms(
        servers=(("dc01.lab.test", 636), ("dc02.lab.test", 3269)),
        base_dn="DC=lab",
        bind_dn="CN=casproxy,DC=lab",
        plan=Plan("LAB", "(a=b)", Attributes("1", "2", ("3", "4"), "5", "6", "7", "8", "9", "10")),
        seconds=2.0,
    )
    assert provider._cache._ages == (30.0, 5.0, 300.0)
    material = provider._source._material
    assert (material._ca_file, material._secret_file) == (Path(certifi.where()), Path("secret"))


async def test_a_service(make):
    """The same."""
    table = Http(check_url="https://u.test/c", find_url="https://u.test/f", ca_file="ca.pem", timeout=3.0)
    provider = make(provider="http", default_domain="LAB", http=table, **AGES)

    assert isinstance(provider, Remembering)
    assert isinstance(provider._source, HttpSource)
    assert provider._source._terms == HttpTerms(
        check_url="https://u.test/c", find_url="https://u.test/f", default_domain="LAB", seconds=3.0
    )
    material = provider._source._material
    assert (material._ca_file, material._secret_file) == (Path("ca.pem"), None)
