"""The settings a command looks at: named by a flag, by the environment, or not at all."""

import argparse

import pytest

from proxy.cli.named_settings import NoSettings, add_config, load_named


def arguments(*words: str) -> argparse.Namespace:
    """Parse words."""
    parser = argparse.ArgumentParser()
    add_config(parser)
    return parser.parse_args(words)


def test_the_flag_wins_over_the_environment(sites, tmp_path, monkeypatch):
    """Either names the file."""
    first, second = (sites.settings(tmp_path / f"{allow}.toml", allow) for allow in (0, 1))
    monkeypatch.setenv("CASPROXY_CONFIG", second)
    by_flag, by_variable = (load_named(arguments(*words), "doctor") for words in (["--config", first], []))

    assert [each.settings.trust.allow_internal_untrusted_certs for each in (by_flag, by_variable)] == [False, True]


def test_without_a_name_it_is_usage(monkeypatch, capsys):
    """The command's name, and the way out."""
    monkeypatch.delenv("CASPROXY_CONFIG", raising=False)

    with pytest.raises(NoSettings) as caught:
        load_named(arguments(), "doctor")

    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("casproxy doctor: no settings.")


def test_wrong_settings_are_told(tmp_path, capsys):
    """All that is wrong, as check-config would say it."""
    file = tmp_path / "bad.toml"
    file.write_text("[server]\nnme = 1\n")
    with pytest.raises(NoSettings) as caught:
        load_named(arguments("--config", str(file)), "doctor")

    assert caught.value.code == 1
    assert "nme" in capsys.readouterr().err
