"""Findings about a configuration."""

from proxy.settings.problems import Layer, Origin
from proxy.settings.report import Report


def make():
    """Make a report about a small file."""
    return Report(
        file_name="a.toml",
        sites=["HQ"],
        lines={("sites",): 1, ("sites", 0): 1, ("sites", 0, "servers"): 3, ("sites", 0, "servers", 0): 4},
    )


def test_a_missing_key_is_told_where_it_would_stand():
    """The nearest table in the file is the place of what is absent."""
    report = make()
    report.refuse(("sites", 0, "name"), "This key is missing.")

    assert str(report.problems[0]) == "a.toml:1: sites.HQ.name: This key is missing."


def test_short_forms_are_told_as_they_were_written():
    """A server that is a plain string has no key `url` that people could look for."""
    report = make()
    report.shorts.add(("sites", 0, "servers", 0))
    report.refuse(("sites", 0, "servers", 0, "url"), "No.")

    assert str(report.problems[0]) == "a.toml:4: sites.HQ.servers[0]: No."


def test_origin_of_a_stronger_layer_wins_over_the_line():
    """What came from a variable is told as such, though the file has the key, too."""
    report = make()
    report.origins["sites", 0, "servers"] = Origin(Layer.ENVIRONMENT, "CASPROXY_X")
    report.warn(("sites", 0, "servers", 1), "Hm.")

    assert str(report.warnings[0]) == "environment CASPROXY_X: sites.HQ.servers[1]: Hm."


def test_placeholders_spread_to_what_is_above_and_below():
    """A rule leaves alone whatever holds a placeholder or is part of one."""
    report = make()
    report.fail(("sites", 0, "servers"), "No.")

    assert not report.is_sound(("sites", 0, "servers", 0, "url"))
    assert not report.is_sound(("sites",))
    assert report.is_sound(("sites", 0, "name"))
