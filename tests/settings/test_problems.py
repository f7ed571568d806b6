"""How problems and origins are written."""

import pytest

from proxy.settings.problems import (
    DEFAULT,
    Layer,
    Origin,
    Problem,
    SettingsInvalid,
    hide_user,
    make_visible,
    name_path,
    quote,
    spell_path,
)


@pytest.mark.parametrize(
    ("origin", "text"),
    [
        (DEFAULT, "default"),
        (Origin(Layer.FILE, "casproxy.toml", 12), "file casproxy.toml:12"),
        (Origin(Layer.FILE, "casproxy.toml"), "file casproxy.toml"),
        (Origin(Layer.ENVIRONMENT, "CASPROXY_LOG__LEVEL"), "environment CASPROXY_LOG__LEVEL"),
        (Origin(Layer.FLAG, "--listen"), "flag --listen"),
    ],
)
def test_origins(origin, text):
    """Each layer is named as people name it."""
    assert text == str(origin)


def test_problem_is_one_line_with_place_path_sentence_and_suggestion():
    """A problem reads like a compiler's message."""
    problem = Problem(
        path="sites[1].servers[0]",
        name="sites.Branch.servers[0]",
        origin=Origin(Layer.FILE, "config/casproxy.toml", 12),
        sentence='"http://x" is not an https URL.',
        suggestion='Write "https://x".',
    )

    assert str(problem) == (
        'config/casproxy.toml:12: sites.Branch.servers[0]: "http://x" is not an https URL. Write "https://x".'
    )
    assert str(SettingsInvalid([problem, problem])) == f"{problem}\n{problem}"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("https://me:pw@cas02/owa", '"https://…@cas02/owa"'),
        ("https://me:p/w@x?@cas02", '"https://…@cas02"'),
        ("https://" + 300 * "p" + "@cas02", '"https://…@cas02"'),
        (["https://me:pw@cas02"], "['https://…@cas02']"),
        ("alice@lab.example", '"alice@lab.example"'),
    ],
)
def test_no_message_shows_the_user_of_a_url(value, shown):
    """Addresses of mail are shown, what stands before the host of a URL never is."""
    assert quote(value) == shown


def test_what_stands_before_a_host_is_left_out():
    """Whether or not there is a scheme."""
    assert hide_user("me:pw@cas02:443") == hide_user("https://me:pw@cas02:443") == "…@cas02:443"
    assert hide_user("cas02:443") == "cas02:443"


def test_problem_without_a_path_names_its_place_only():
    """A problem of the whole file has no key."""
    problem = Problem(path="", name="", origin=Origin(Layer.FILE, "a.toml"), sentence="Broken.")

    assert str(problem) == "a.toml: Broken."


def test_nothing_forges_a_line():
    """Names with control characters stay on their line."""
    problem = Problem(path="", name="a\nb", origin=Origin(Layer.FLAG, "--x\x1b[1m"), sentence="No.")

    assert str(problem) == "flag --x\\x1b[1m: a\\nb: No."


@pytest.mark.parametrize(
    ("path", "spelled", "named"),
    [
        (("server", "listen"), "server.listen", "server.listen"),
        (("sites", 1, "servers", 0), "sites[1].servers[0]", "sites.Branch.servers[0]"),
        (("sites", 0, "name"), "sites[0].name", "sites[0].name"),
        (("sites", 2, "name"), "sites[2].name", "sites[2].name"),
        (("sites", 1, "routes", "/owa"), 'sites[1].routes."/owa"', 'sites.Branch.routes."/owa"'),
        ((), "", ""),
    ],
)
def test_paths_by_position_and_by_name(path, spelled, named):
    """A site is named where it has a name."""
    assert (spelled, named) == (spell_path(path), name_path(path, ["", "Branch"]))


def test_values_are_shown_short_and_visible():
    """A value cannot flood or break a message."""
    assert quote("a\tb") == '"a\\tb"'
    assert quote(5) == "5"
    assert len(quote("x" * 1000)) == 82
    assert make_visible("é") == "é"
