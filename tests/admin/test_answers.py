"""The answers of the admin API can be described."""

import inspect

import msgspec
import pytest

from proxy.admin import answers
from proxy.admin.answers import Answer

TYPES = [each for _, each in inspect.getmembers(answers, inspect.isclass) if issubclass(each, Answer)]


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
def test_every_type_has_a_schema(kind) -> None:
    """The description of the API can be generated from each."""
    assert msgspec.json.schema(kind)
