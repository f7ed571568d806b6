"""`casproxy explain event N`: every event of the catalogue in words and in JSON."""

import argparse
import json

import pytest

from proxy.cli import explain_event
from proxy.events.catalogue import CATALOGUE
from proxy.events.reference import render_events
from proxy.trust.reasons import REASONS

TRUST = [reason.value for reason, entry in REASONS.items() if entry.error_type == "tls_certificate_error"]
KEYS = "id symbol level provider provider_is_configurable category text parameters when cure causes switch"


def run(*words) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser()
    explain_event.configure(parser)
    return explain_event.run(parser.parse_args(words))


def told(capsys, number):
    """Read the answer in JSON."""
    assert run(str(number), "--json") == 0
    return json.loads(capsys.readouterr().out)


def flat(text):
    """Undo the wrapping."""
    return " ".join(text.split())


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=lambda entry: entry.symbol)
def test_every_event_is_explained(entry, capsys):
    """Number, symbol, level, parameters, when and what to do are on standard output, within 100 columns."""
    assert run(str(entry.id)) == 0

    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith(f"{entry.id}  {entry.symbol}\n")
    assert all(part in flat(out) for part in (entry.level.value, flat(entry.text), entry.when, entry.cure))
    assert all(f"%{place} {meaning}" in flat(out) for place, meaning in enumerate(entry.parameters, start=1))
    assert max(map(len, out.splitlines())) <= 100


@pytest.mark.parametrize("number", CATALOGUE)
def test_every_event_has_the_same_keys_in_json(number, capsys):
    """Programs find the same keys, whatever the event."""
    answer = told(capsys, number)

    assert (list(answer), answer["id"], answer["text"]) == (KEYS.split(), number, CATALOGUE[number].text)


def test_43_lists_every_reason_for_distrust(capsys):
    """Each reason has its sentence, its cure and OpenSSL's codes."""
    answer = told(capsys, 43)

    assert [cause["reason"] for cause in answer["causes"]] == TRUST
    assert {"reason": "expired", "codes": [10]}.items() <= answer["causes"][TRUST.index("expired")].items()
    assert all(cause["why"].endswith(".") and cause["cure"].endswith(".") for cause in answer["causes"])


def test_43_in_words_holds_every_reason_and_the_switch(capsys):
    """An administrator reads what may be wrong, what to do, and where the switch is."""
    run("43")
    out = flat(capsys.readouterr().out)

    assert all(word.value in out and words.sentence in out for word, words in REASONS.items() if word.value in TRUST)
    assert "tls_version" in out
    assert "CASPROXY_TRUST__ALLOW_INTERNAL_UNTRUSTED_CERTS" in out
    assert "provider MSExchange OWA (events.provider)" in out


def test_every_reason_belongs_to_an_event(capsys):
    """What is no matter of trust is explained under 1001."""
    causes = [cause["reason"] for number in (43, 1001) for cause in told(capsys, number)["causes"]]

    assert sorted(causes) == sorted(reason.value for reason in REASONS)


def test_the_switch_is_explained_where_it_decides(capsys):
    """43 and 1043 differ by the switch; to the others it does not matter."""
    assert told(capsys, 43)["switch"] == told(capsys, 1043)["switch"]
    assert told(capsys, 43)["switch"]["key"] == "allow_internal_untrusted_certs"
    assert told(capsys, 1001)["switch"] is None


def test_an_event_that_is_good_news_needs_nothing(capsys):
    """There is an answer to "what must I do" for each event."""
    run("14")

    assert "to do Nothing, all is well." in flat(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("number", "near"),
    [("45", "44 ProxyErrorTooManySidsInContext, 46 "), ("0", "14 "), ("999", "1001 "), ("-5", "14 ")],
)
def test_an_unknown_number_offers_the_nearest(number, near, capsys):
    """A typing error ends with 2 and the numbers next to it."""
    assert run("--", number) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert f"there is no event {number}. Nearest: {near}" in err


def test_a_word_is_a_usage_error(capsys):
    """Only numbers are events."""
    with pytest.raises(SystemExit) as caught:
        run("fortythree")

    assert caught.value.code == 2
    assert "invalid int value" in capsys.readouterr().err


def test_all_of_them_at_once(capsys):
    """The reference that is committed, or the same in JSON."""
    assert run("--all") == 0
    assert capsys.readouterr().out == render_events()

    assert run("--all", "--json") == 0
    assert [each["id"] for each in json.loads(capsys.readouterr().out)] == sorted(CATALOGUE)


@pytest.mark.parametrize("words", [(), ("43", "--all")])
def test_one_or_all(words, capsys):
    """Neither and both are usage errors."""
    with pytest.raises(SystemExit) as caught:
        run(*words)

    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err
