"""The generated files are whole, right, and the committed ones are these."""

import re
import tomllib
from pathlib import Path

import pytest

from proxy.cli.schema import render_json_schema
from proxy.settings.keys import keys_of
from proxy.settings.parse import parse
from proxy.settings.reference import render_example, render_reference
from proxy.settings.schema import Settings

_ASSIGNMENT = re.compile(r"^# ([a-z0-9_]+ = .*|\[.*\])$", re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "render"),
    [
        ("casproxy.example.toml", render_example),
        ("REFERENCE.md", render_reference),
        ("casproxy.schema.json", render_json_schema),
    ],
)
def test_committed_file_is_the_rendered_one(name, render):
    """Who changes the schema renders again: `casproxy schema --format …`."""
    assert Path("config", name).read_text() == render()


def test_example_is_a_configuration():
    """The example can be used as it stands, and says nothing but defaults."""
    parsed = parse(render_example(), {}, {}, "example.toml")

    assert not parsed.warnings
    assert {"server.certificate", "sites.Branch.name", "sites.Branch.default"} <= {
        name for name, origin in parsed.origins.items() if origin.line
    }


def test_every_commented_key_can_be_used():
    """With every comment sign taken away the example is read without a complaint but those it is honest about."""
    text = _ASSIGNMENT.sub(r"\1", render_example())
    text = text.replace('admin_token = "…"\n', "")
    parsed = parse(text, {}, {}, "example.toml")

    defaults = {name for name, origin in parsed.origins.items() if not origin.line}
    assert {each.rpartition(".")[2] for each in defaults} <= {"admin_token", "connect_to", "tls_name"}


def test_example_shows_the_defaults():
    """What is commented out and has a default shows that default."""
    text = _ASSIGNMENT.sub(r"\1", render_example())
    shown, plain = (parse(each, {}, {}, "x").settings for each in (text.replace('"…"', '""'), render_example()))

    assert (plain.timeouts, plain.limits, plain.log.level) == (shown.timeouts, shown.limits, shown.log.level)
    assert plain.trust.allow_internal_untrusted_certs == shown.trust.allow_internal_untrusted_certs


def test_reference_names_every_key():
    """Each key of each table has its row."""
    text = render_reference()
    for table in keys_of(Settings):
        for key in keys_of(table.table) if table.table else (table,):
            if key.is_leaf:
                assert f"| `{key.name}` |" in text


def test_paths_start_at_the_working_directory():
    """The rule for relative names is told where people look for it."""
    assert "Relative file names start at the working directory" in render_reference()
    assert "Relative file names start at the\n# working directory" in render_example()


def test_lab_is_a_configuration():
    """The lab's file reads without a complaint; one warning says what its authority does at switch 1."""
    parsed = parse(Path("config/lab.toml").read_text(), {}, {}, "config/lab.toml")

    assert [each.name for each in parsed.settings.sites] == ["HQ", "Branch", "Plant", "Warehouse", "Depot"]
    (warning,) = parsed.warnings
    assert warning.sentence.startswith(
        "ca_files has no effect on what is used while allow_internal_untrusted_certs is 1"
    )
    assert tomllib.loads(Path("config/lab.toml").read_text())["errors"] == {"detail": "full"}
