"""Types that occur in several tables."""

from typing import get_args

from proxy.model.limits import Limits as ModelLimits
from proxy.model.limits import Timeouts as ModelTimeouts
from proxy.settings import terms
from proxy.settings.keys import keys_of
from proxy.settings.schema import Limits, Timeouts


def test_each_term_is_described_once():
    """No two terms share a description."""
    found = [
        get_args(each)[1].description for name, each in vars(terms).items() if get_args(each) and name[0].isupper()
    ]

    described = [each for each in found if isinstance(each, str)]
    assert len(described) == len(set(described)) > 10


def test_names_and_defaults_are_the_models():
    """The tables offer exactly the times and sizes that the rest of the house knows, with the same defaults."""
    assert {key.name: key.default for key in keys_of(Timeouts)} == {
        name: getattr(ModelTimeouts(), name) for name in ModelTimeouts.__slots__
    }
    assert {key.name: key.default for key in keys_of(Limits)} == {
        name: getattr(ModelLimits(), name) for name in ModelLimits.__slots__
    }
