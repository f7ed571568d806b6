"""A policy keeps its number exactly while nothing about it changes."""

from dataclasses import replace

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
    [{"allow_untrusted": False}, {"ca_mode": CaMode.ONLY}, {"source": "sites.HQ.trust"}, {"ca_files": ()}],
    ids=lambda change: next(iter(change)),
)
def test_what_changes_gets_a_fresh_number(policy, change):
    """Of that site alone, and never one that was used before, not even when the old policy comes back."""
    generations = Generations()
    numbers = [generations.number(topology(HQ=hq, Branch=policy)) for hq in (policy, replace(policy, **change), policy)]

    assert numbers == [{"HQ": 1, "Branch": 2}, {"HQ": 3, "Branch": 2}, {"HQ": 4, "Branch": 2}]


def test_a_file_with_other_contents_is_another_policy(policy, tmp_path):
    """Anchors are compared by what they are, not by what they are called."""
    before = fingerprint(policy)
    (tmp_path / "ca.pem").write_text("two")

    assert fingerprint(policy) != before


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
