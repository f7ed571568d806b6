"""A policy keeps its number exactly while nothing about it changes."""

from dataclasses import fields, replace

import pytest

from proxy.model.sites import CaMode, Topology, TrustPolicy
from proxy.service.generations import Generations, fingerprint
from tests.fakes import make_site


def topology(**policies: TrustPolicy) -> Topology:
    """Make sites with these policies."""
    return Topology(
        first_server="CAS01", sites=tuple(make_site(name=name, policy=policy) for name, policy in policies.items())
    )


@pytest.fixture
def policy(tmp_path) -> TrustPolicy:
    """Make a policy with a file."""
    file = tmp_path / "ca.pem"
    file.write_text("one")
    return TrustPolicy(ca_files=(str(file),))


def test_each_site_has_a_number_of_its_own(policy):
    """Two sites with the same policy do not share connections' generations."""
    assert Generations().number(topology(HQ=policy, Branch=policy)) == {"HQ": 1, "Branch": 2}


def test_what_does_not_change_keeps_its_number(policy):
    """A reload that changes nothing about trust changes no number, whatever the policy's own says."""
    generations = Generations()
    before = generations.number(topology(HQ=policy))

    assert generations.number(topology(HQ=replace(policy, generation=9))) == before


@pytest.mark.parametrize(
    "change",
    [
        {"allow_untrusted": False},
        {"ca_files": ()},
        {"ca_mode": CaMode.ONLY},
        {"check_chain": False},
        {"check_name": False},
        {"check_expiry": False},
        {"pins": ("a",)},
        {"crl_files": ("a",)},
        {"partial_chain": True},
        {"strict_rfc5280": True},
        {"min_tls_version": "1.3"},
        {"client_cert": "a"},
        {"client_key": "a"},
        {"source": "sites.HQ.trust"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_changes_gets_a_fresh_number(policy, change):
    """Of that site alone, and never one that was used before, not even when the old policy comes back."""
    generations = Generations()
    numbers = [generations.number(topology(HQ=hq, Branch=policy)) for hq in (policy, replace(policy, **change), policy)]

    assert numbers == [{"HQ": 1, "Branch": 2}, {"HQ": 3, "Branch": 2}, {"HQ": 4, "Branch": 2}]


def test_no_field_of_the_policy_is_left_out():
    """What is added to the policy decides as well; only the number itself does not."""
    plain = TrustPolicy()
    others = {bool: lambda old: not old, tuple: lambda _: ("x",), str: lambda _: "x", CaMode: lambda _: CaMode.ONLY}
    for each in fields(plain):
        old = getattr(plain, each.name)
        change = {each.name: 1 if each.name == "generation" else others[type(old)](old)}

        assert (fingerprint(replace(plain, **change)) == fingerprint(plain)) == (each.name == "generation"), each.name


@pytest.mark.parametrize("key", ["ca_files", "crl_files", "client_cert", "client_key"])
def test_a_file_with_other_contents_is_another_policy(key, tmp_path):
    """Files are compared by what they hold, not by what they are called."""
    file = tmp_path / "a.pem"
    file.write_text("one")
    policy = TrustPolicy(**{key: str(file) if key.startswith("client") else (str(file),)})
    before = fingerprint(policy)
    file.write_text("two")

    assert fingerprint(policy) != before


def test_files_do_not_change_places_unnoticed(tmp_path):
    """Two files that swap their contents are other files."""
    one, two = tmp_path / "one.pem", tmp_path / "two.pem"
    policy = TrustPolicy(ca_files=(str(one),), crl_files=(str(two),))
    marks = set()
    for first, second in (("a", "b"), ("b", "a"), ("ab", ""), ("", "ab")):
        one.write_text(first)
        two.write_text(second)
        marks.add(fingerprint(policy))

    assert len(marks) == 4


def test_a_site_that_comes_back_keeps_its_number(policy):
    """Leaving and returning unchanged is no change."""
    generations = Generations()
    generations.number(topology(HQ=policy))
    generations.number(topology(Branch=policy))

    assert generations.number(topology(HQ=policy)) == {"HQ": 1}


@pytest.mark.parametrize("name", ["missing.pem", ".", "x" * 5000, "nul\0byte"])
def test_a_file_that_cannot_be_read_counts_as_empty(name, tmp_path):
    """Telling the fault is left to whoever uses it."""
    path = str(tmp_path / name) if len(name) < 100 else name

    assert len(fingerprint(TrustPolicy(ca_files=(path,)))) == 64


def test_numbers_go_on_above_those_of_others(policy):
    """A process that takes over knows what is in force, not what it stood for: nobody's connections are taken on."""
    generations = Generations()
    generations.number(topology(HQ=policy))
    generations.go_on_after(topology(HQ=replace(policy, generation=7)))

    assert generations.number(topology(HQ=policy)) == {"HQ": 8}
