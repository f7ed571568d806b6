"""The lab's admin token is secret, and the same at every start."""

import pytest

from proxy.lab.token import write_token


def test_it_is_made_once(tmp_path):
    """The second start keeps what a browser may know by now; the owner alone may read it."""
    path = write_token(tmp_path)
    token = path.read_bytes()

    assert write_token(tmp_path).read_bytes() == token
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(token.strip()) >= 32


def test_two_labs_have_two(tmp_path):
    """Nobody can guess it."""
    (tmp_path / "other").mkdir()

    assert write_token(tmp_path).read_bytes() != write_token(tmp_path / "other").read_bytes()


@pytest.mark.parametrize("content", [b"", b"short\n", b"one that is long enough\n", b"x" * 999])
def test_what_is_none_is_made_anew(tmp_path, content):
    """A file that was cut off or holds something else would keep the proxy from starting."""
    (tmp_path / "admin.token").write_bytes(content)

    assert write_token(tmp_path).read_bytes() != content
