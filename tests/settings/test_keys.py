"""What the schema says about keys."""

import pytest

from proxy.settings.keys import Kind, key_at, key_named, keys_of, spellings_of
from proxy.settings.schema import Settings
from proxy.settings.site_schema import Site
from proxy.settings.trust_schema import Trust


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (("server",), Kind.TABLE),
        (("server", "listen"), Kind.ONE_OR_MORE),
        (("server", "workers"), Kind.COUNT),
        (("server", "certificates"), Kind.TABLES),
        (("server", "certificates", 0, "key"), Kind.TEXT),
        (("timeouts", "drain"), Kind.DURATION),
        (("log", "access"), Kind.YES_NO),
        (("errors", "detail"), Kind.CHOICE),
        (("trust", "AllowInternalUntrustedCerts"), Kind.SWITCH),
        (("sites", 3, "trust", "allow_internal_untrusted_certs"), Kind.SWITCH),
        (("sites", 0, "hosts"), Kind.TEXTS),
        (("sites", 0, "routes"), Kind.NAMED_TABLES),
        (("sites", 0, "routes", "/owa", "timeouts", "response_head"), Kind.DURATION),
        (("config_version",), Kind.VERSION),
    ],
)
def test_paths_lead_to_keys(path, kind):
    """A path finds its key, whatever lists and named tables lie between."""
    key = key_at(Settings, path)

    assert key is not None
    assert kind is key.kind


@pytest.mark.parametrize("path", [("nothing",), ("server", "nothing"), ("server", "name", "more"), ()])
def test_wrong_paths_lead_nowhere(path):
    """A path that is none gives None."""
    assert key_at(Settings, path) is None


def test_required_optional_and_inherited_differ():
    """A key is required, has a default, or is as in the table above it."""
    assert key_named(Site, "name").required
    assert key_named(Site, "default").default is False
    assert key_at(Settings, ("sites", 0, "trust", "ca_mode")).default is None


def test_short_and_alias():
    """The short form of servers and the registry's spelling are known."""
    assert key_named(Site, "servers").short == "url"
    assert "AllowInternalUntrustedCerts" in spellings_of(Trust)


def test_keys_keep_their_order():
    """Reference and example follow the schema."""
    assert [each.name for each in keys_of(Trust)][:3] == ["allow_internal_untrusted_certs", "ca_files", "ca_mode"]
