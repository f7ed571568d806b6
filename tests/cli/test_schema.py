"""`casproxy schema` prints what can be configured."""

import argparse
import json
import tomllib

import pytest

from proxy.cli import schema


def run(*words) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser()
    schema.configure(parser)
    return schema.run(parser.parse_args(words))


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ((), json.loads),
        (("--format", "json"), json.loads),
        (("--format", "toml"), tomllib.loads),
        (("--format", "markdown"), str),
    ],
)
def test_each_format_is_answered_on_standard_output(words, read, capsys):
    """JSON Schema by default, an example file or the reference on demand; nothing is talked beside it."""
    status = run(*words)

    out, err = capsys.readouterr()
    assert (status, err) == (0, "")
    assert read(out)
    assert out.endswith("\n")


def test_unknown_format_is_a_usage_error(capsys):
    """A format that does not exist ends with 2, as argparse has it."""
    with pytest.raises(SystemExit) as caught:
        run("--format", "xml")

    assert caught.value.code == 2
    assert "invalid choice" in capsys.readouterr().err
