"""Tests of how versions are read."""

import pytest

from tests.bench.versions import find_version


@pytest.mark.parametrize(
    ("output", "version"),
    [
        ("nginx version: nginx/1.22.1", "1.22.1"),
        ("HAProxy version 2.6.12-1+deb12u4 2026/10/17", "2.6.12"),
        ("2.6.2", "2.6.2"),
        ("", "of unknown version"),
    ],
)
def test_first_dotted_number_is_the_version(output, version):
    """Each program's own way to say its version is understood."""
    assert find_version(output) == version
