"""The tables about signing in."""

from proxy.model.sites import Site
from proxy.settings import site_schema
from proxy.settings.keys import key_named, keys_of
from proxy.settings.schema import Settings
from proxy.settings.signin_schema import MAX_SESSION, Directory, Identity, Session


def test_nobody_signs_in_by_default():
    """A configuration without a word about users works as it did."""
    assert (Directory().provider, Directory().users_file, Session().key_file) == ("none", "", "")


def test_defaults_are_those_of_exchange():
    """15 minutes on public computers, 8 hours on private ones, at most 43200 minutes."""
    assert (Session().public_timeout, Session().private_timeout) == (15 * 60, 8 * 3_600)
    assert MAX_SESSION == 43_200 * 60
    for name, historic in (("public_timeout", "PublicTimeout"), ("private_timeout", "PrivateTimeout")):
        assert key_named(Session, name).extra["historic"].startswith(historic)
    assert key_named(site_schema.Site, "redirect").extra["historic"] == "CrossSiteRedirectType"


def test_costs_are_argon2_s():
    """The default is what RFC 9106 calls its second choice, with one lane."""
    assert (Directory().argon2_memory, Directory().argon2_iterations, Directory().argon2_lanes) == (65_536, 3, 1)


def test_backends_are_told_user_and_groups():
    """By headers that no browser can send."""
    assert (Identity().user_header, Identity().groups_header) == ("X-CASProxy-User", "X-CASProxy-Groups")


def test_each_table_is_one_of_the_settings():
    """Under its own name."""
    for table in (Directory, Session, Identity):
        assert key_named(Settings, table.__name__.lower()).table is table
        assert keys_of(table)


def test_a_site_s_defaults_are_the_model_s():
    """A table without a key means what a site without a word means."""
    settings, site = site_schema.Site(name="HQ"), Site(name="HQ", servers=())

    for name in ("own", "redirect", "external_url", "legacy_url"):
        assert getattr(settings, name) == getattr(site, name)
