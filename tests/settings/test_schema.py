"""Every key is described, and no key is promised that nothing enforces."""

import msgspec
import pytest

from proxy.model.sites import TrustPolicy
from proxy.settings.keys import Kind, keys_of
from proxy.settings.schema import Settings


def leaves(table=Settings, path=()):
    """Walk all keys with a value."""
    for key in keys_of(table):
        if key.table is None:
            yield ".".join((*path, key.name)), key
        else:
            yield from leaves(key.table, (*path, key.name))


LEAVES = dict(leaves())
SIGN_INS = ("session.public_timeout", "session.private_timeout")


@pytest.mark.parametrize("name", LEAVES)
def test_every_key_is_described(name):
    """Each key has a meaning in whole sentences, and one without a default says what its absence means or shows."""
    key = LEAVES[name]

    assert key.meta.description
    assert key.meta.description.endswith(".")
    if key.kind is Kind.WHOLE:
        assert "unit" in key.extra
    if key.default == "" and not key.secret and name not in ("sites.external_url", "sites.compat"):
        assert "example" in key.extra


@pytest.mark.parametrize("name", [name for name, key in LEAVES.items() if key.kind is Kind.DURATION])
def test_every_time_has_bounds(name):
    """A time is not negative and at most a day; a sign-in lasts a minute to thirty days, as in Exchange 2010."""
    meta = LEAVES[name].meta
    least, most = (60, 43_200 * 60) if name in SIGN_INS else (0, 86_400)

    assert (meta.gt if meta.gt is not None else meta.ge) == least
    assert meta.le == most


def test_only_what_is_enforced_can_be_set_about_trust():
    """The trust tables hold what a policy carries, nothing that would be ignored."""
    found = {name.rpartition(".")[2] for name in LEAVES if "trust." in name}
    carried = set(TrustPolicy.__slots__) - {"source", "generation"}
    renamed = {"allow_untrusted": "allow_internal_untrusted_certs", "pins": "pin_spki_sha256"}
    checks = {"check_chain", "check_name", "check_expiry"}

    assert found == {renamed.get(name, name) for name in carried - checks} | {"verify"}


def test_the_switch_is_one_when_absent():
    """Exchange 2010's default."""
    assert LEAVES["trust.allow_internal_untrusted_certs"].default is True


def test_only_secrets_are_secret():
    """The token is never shown; the name of its file is no secret."""
    assert [name for name, key in LEAVES.items() if key.secret] == ["server.admin_token"]


def test_tables_are_immutable():
    """Settings are values."""
    for table in (Settings, *(key.table for key in keys_of(Settings) if key.table)):
        assert table.__struct_config__.frozen
        assert table.__struct_config__.forbid_unknown_fields
        assert issubclass(table, msgspec.Struct)
