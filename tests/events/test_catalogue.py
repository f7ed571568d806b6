"""Promises of the table of events."""

import re

import pytest

from proxy.events.catalogue import CATALOGUE, message
from proxy.events.entry import FIRST_OWN_ID, OWN_PROVIDER, Level
from proxy.events.record import Event

ENTRIES = sorted(CATALOGUE.values(), key=lambda entry: entry.id)
NUMBERS = [
    14, 22, 26, 27, 28, 29, 38, 39, 40, 41, 42, 43, 44, 46, 57, 71, 80, 81, 90, 91, 92,
    *range(1001, 1007), *range(1010, 1018), *range(1020, 1025), 1031, 1032, 1043,
    *range(1045, 1052),
]  # fmt: skip


def test_text_of_43_is_exactly_the_documents():
    """Operators and tools search for the original words, so not a letter may differ."""
    expected = (
        'Client Access server "CAS01" tried to proxy Outlook Web App traffic to Client Access server '
        '"cas02.branch.example". This failed because the Outlook Web App registry key "AllowInternalUntrustedCerts" '
        'is set to "0", but no certificate trusted by "CAS01" was available for the Secure Sockets Layer (SSL) '
        "encryption of the proxy connection."
    )

    assert expected == message(Event(id=43, parameters=("CAS01", "cas02.branch.example")))


def test_43_is_a_warning_of_category_proxy():
    """43 keeps its symbol, its level and its category, and the provider stays configurable."""
    entry = CATALOGUE[43]

    assert (entry.symbol, entry.level, entry.category, entry.provider) == (
        "ProxyErrorSslTrustFailure",
        Level.WARNING,
        "Proxy",
        None,
    )


def test_1043_is_ours_and_only_information():
    """43 must keep meaning refused; what is only noticed has a number and a provider of ours."""
    assert (CATALOGUE[1043].level, CATALOGUE[1043].provider) == (Level.INFORMATION, OWN_PROVIDER)


def test_the_numbers_are_these():
    """Nobody loses or adds a number unawares."""
    assert sorted(CATALOGUE) == NUMBERS


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.symbol)
def test_every_entry_is_complete(entry):
    """Each placeholder has a named parameter and each parameter is said; trouble has a cure; ours speak as ours."""
    used = {int(number) for number in re.findall(r"%(\d)", entry.text)}

    assert used == set(range(1, len(entry.parameters) + 1))
    assert entry.when.endswith(".")
    assert entry.cure.endswith((".", "?")) or entry.level is Level.INFORMATION
    assert (entry.provider == OWN_PROVIDER) == (entry.id >= FIRST_OWN_ID)
    assert CATALOGUE[entry.id] is entry


def test_symbols_are_unique():
    """A symbol names one event."""
    assert len({entry.symbol for entry in ENTRIES}) == len(ENTRIES)


def test_a_parameter_is_not_expanded_again():
    """A backend that calls itself %1 does not pull another parameter into the text."""
    text = message(Event(id=1001, parameters=("CAS01", "%1")))

    assert text.startswith('"CAS01" could not agree on TLS with server "%1".')


def test_a_missing_parameter_leaves_its_place_empty():
    """Rendering never fails for want of a parameter."""
    assert 'server ""' in message(Event(id=1001, parameters=("CAS01",)))
