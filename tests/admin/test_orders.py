"""The orders of the admin API are strict."""

import inspect

import msgspec
import pytest

from proxy.admin import orders
from proxy.admin.answers import Answer
from proxy.admin.orders import LevelOrder, Order, ReloadOrder, TrustOrder

TYPES = [each for _, each in inspect.getmembers(orders, inspect.isclass) if issubclass(each, Answer | Order)]


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
def test_every_type_has_a_schema(kind) -> None:
    """The description of the API can be generated from each."""
    assert msgspec.json.schema(kind)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (TrustOrder, b'{"site":null,"allow_internal_untrusted_certs":null}'),
        (TrustOrder, b'{"site":"Branch","allow_internal_untrusted_certs":0}'),
        (TrustOrder, b'{"site":"Branch","allow_internal_untrusted_certs":1}'),
        (ReloadOrder, b"{}"),
        (LevelOrder, b'{"level":"debug"}'),
    ],
)
def test_orders_are_read(kind, body) -> None:
    """What the description allows is understood."""
    assert msgspec.json.decode(body, type=kind)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (TrustOrder, b'{"allow_internal_untrusted_certs":1}'),
        (TrustOrder, b'{"site":"Branch"}'),
        (TrustOrder, b'{"site":"Branch","allow_internal_untrusted_certs":2}'),
        (TrustOrder, b'{"site":"Branch","allow_internal_untrusted_certs":true}'),
        (TrustOrder, b'{"site":"Branch","allow_internal_untrusted_certs":"0"}'),
        (TrustOrder, b'{"site":1,"allow_internal_untrusted_certs":0}'),
        (TrustOrder, b'{"site":"Branch","allow_internal_untrusted_certs":0,"sure":true}'),
        (ReloadOrder, b'{"force":true}'),
        (ReloadOrder, b"[]"),
        (LevelOrder, b'{"level":"loud"}'),
        (LevelOrder, b"{}"),
    ],
)
def test_orders_are_strict(kind, body) -> None:
    """Nothing is guessed: a forgotten, misspelt or odd value is no order."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=kind)
