"""`casproxy explain`: a table of things that can be explained."""

import pytest

from proxy.cli import explain, main


@pytest.mark.parametrize("subject", explain.SUBJECTS, ids=lambda subject: subject.NAME)
def test_each_subject_has_help(subject, capsys):
    """`explain WHAT --help` works and says what it does."""
    assert main.main(["explain", subject.NAME, "--help"]) == 0
    assert subject.HELP.split()[0] in capsys.readouterr().out


@pytest.mark.parametrize("words", [["explain"], ["explain", "weather"], ["explain", "event"]])
def test_nothing_to_explain_is_a_usage_error(words, capsys):
    """Without a subject, or with one that does not exist, there is 2 and a word about it."""
    assert main.main(words) == 2
    assert "usage: casproxy explain" in capsys.readouterr().err


def test_the_subjects_code_is_the_exit_code(capsys):
    """What the subject returns is what the shell sees."""
    assert (main.main(["explain", "event", "43"]), main.main(["explain", "event", "45"])) == (0, 2)
    assert capsys.readouterr().out.startswith("43  ProxyErrorSslTrustFailure\n")
