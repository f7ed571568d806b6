"""The command line: exit codes, the last resort, help."""

import argparse
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from proxy.cli import main as cli


def _command(run: object) -> SimpleNamespace:
    return SimpleNamespace(NAME="do", HELP="Do it.", configure=lambda _parser: None, run=run)


def _raise(error: BaseException) -> object:
    def run(_arguments: argparse.Namespace) -> int:
        raise error

    return run


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> object:
    """Put one command into the table."""

    def put(run: object) -> None:
        monkeypatch.setattr(cli, "COMMANDS", (_command(run),))

    return put


def test_the_commands_code_is_the_exit_code(table) -> None:
    """What a command returns is what the shell sees."""
    table(lambda _arguments: 3)

    assert cli.main(["do"]) == 3


def test_an_unknown_command_is_a_usage_error(capsys) -> None:
    """A word that is no command gives 2 and the list of commands."""
    assert cli.main(["frobnicate"]) == 2
    assert "version" in capsys.readouterr().err


def test_no_command_is_a_usage_error() -> None:
    """Without a command there is nothing to do: 2."""
    assert cli.main([]) == 2


def test_help_lists_every_command_and_every_exit_code(capsys) -> None:
    """`--help` answers on standard output with commands and exit codes."""
    code = cli.main(["--help"])

    told = capsys.readouterr().out
    assert code == 0
    assert all(command.NAME in told and command.HELP.split()[0] in told for command in cli.COMMANDS)
    assert all(f"\n  {code:>3}  " in told for code in (0, 1, 2, 3, 4, 5, 130))


@pytest.mark.parametrize("command", cli.COMMANDS, ids=lambda command: command.NAME)
def test_each_command_has_help_of_its_own(command, capsys) -> None:
    """`COMMAND --help` works and lists the exit codes too."""
    assert cli.main([command.NAME, "--help"]) == 0
    assert "exit codes:" in capsys.readouterr().out


def test_names_of_commands_are_unique() -> None:
    """No command hides another."""
    assert len({command.NAME for command in cli.COMMANDS}) == len(cli.COMMANDS)


def test_an_interrupt_is_130(table) -> None:
    """Ctrl-C gives 130 and no traceback."""
    table(_raise(KeyboardInterrupt()))

    assert cli.main(["do"]) == 130


def test_a_defect_is_one_sentence_and_4(table, capsys) -> None:
    """An unexpected exception gives 4 and one line that names it."""
    table(_raise(ValueError("odd")))

    assert cli.main(["do"]) == 4
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "ValueError: odd" in told


def test_debug_shows_the_traceback(table, capsys) -> None:
    """`--debug` adds the traceback, before or after the command's name."""
    table(_raise(ValueError("odd")))

    assert cli.main(["--debug", "do"]) == cli.main(["do", "--debug"]) == 4
    assert capsys.readouterr().err.count("Traceback") == 2


def test_no_color_is_the_variable(table, monkeypatch) -> None:
    """`--no-color` says the same as NO_COLOR=1 to everything that comes later."""
    monkeypatch.setenv("NO_COLOR", "")
    seen: list[str] = []
    table(lambda _arguments: seen.append(os.environ["NO_COLOR"]) or 0)

    cli.main(["do", "--no-color"])

    assert seen == ["1"]


def test_a_reader_that_goes_away_is_no_error() -> None:
    """`casproxy version | head -0`: exit 0, nothing on standard error."""
    read_end, write_end = os.pipe()
    os.close(read_end)

    done = subprocess.run(
        [sys.executable, "-m", "proxy", "version"], stdout=write_end, stderr=subprocess.PIPE, check=False, timeout=60
    )
    os.close(write_end)

    assert (done.returncode, done.stderr) == (0, b"")


def test_run_takes_the_arguments_of_the_process(table, monkeypatch) -> None:
    """`run` is `main` with this process's arguments."""
    table(lambda _arguments: 7)
    monkeypatch.setattr(sys, "argv", ["casproxy", "do"])

    assert cli.run() == 7
