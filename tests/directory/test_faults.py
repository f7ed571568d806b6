"""Promises of problems with users."""

from proxy.directory.faults import DirectoryInvalid, Problem, quote


def test_a_problem_says_where_what_and_how_to_mend():
    """File and line come first, the cure last; what is not known is left out."""
    assert str(Problem("users.toml", 7, "It is wrong.", "Mend it.")) == "users.toml:7: It is wrong. Mend it."
    assert str(Problem("users.toml", 0, "It is wrong.")) == "users.toml: It is wrong."
    assert str(Problem("", 0, "It is wrong.")) == "It is wrong."


def test_the_error_holds_every_problem():
    """Each is a line."""
    problems = [Problem("u", 1, "One."), Problem("u", 2, "Two.")]

    assert str(DirectoryInvalid(problems)) == "u:1: One.\nu:2: Two."
    assert DirectoryInvalid(problems).problems == tuple(problems)


def test_a_quoted_value_stays_on_its_line():
    """Control characters are shown, and what is long is shortened."""
    assert quote("a\nb") == '"a\\x0ab"'
    assert len(quote("a" * 1000)) == 82
