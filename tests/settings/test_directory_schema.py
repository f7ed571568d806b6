"""The tables about servers that know the users."""

from proxy.directory.ldap import Attributes, Plan, make_filter
from proxy.settings.directory_schema import Http, Ldap
from proxy.settings.keys import keys_of
from proxy.settings.schema import Settings


def test_defaults_are_those_of_active_directory():
    """The same attributes that a directory is asked for when nobody says otherwise."""
    table, usual = Ldap(), Attributes()

    assert (table.name_attribute, table.upn_attribute, table.address_attributes) == usual[:3]
    assert (table.display_attribute, table.groups_attribute, table.site_attribute) == usual[3:6]
    assert (table.database_attribute, table.version_attribute, table.sid_attribute) == usual[6:]
    assert make_filter("alice", Plan("LAB", table.user_filter)) == f"(&{table.user_filter}(|(sAMAccountName=alice)))"


def test_nothing_switches_verification_off():
    """No key of these tables has such a name."""
    names = {key.name for table in (Ldap, Http) for key in keys_of(table)}

    assert not [name for name in names if {"verify", "insecure", "allow", "trust", "tls"} & set(name.split("_"))]


def test_they_stand_in_the_table_of_users():
    """And say nothing by themselves."""
    directory = next(key.table for key in keys_of(Settings) if key.name == "directory")
    assert directory is not None
    tables = {key.name: key.table for key in keys_of(directory)}

    assert (tables["ldap"], tables["http"]) == (Ldap, Http)
    assert (directory().ldap, directory().http) == (Ldap(), Http())
