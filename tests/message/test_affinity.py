"""Which authentication ties two connections together."""

import pytest

from proxy.message.affinity import is_bound_challenge, is_bound_credential, without_credentials


@pytest.mark.parametrize(
    ("value", "bound"),
    [
        (b"NTLM TlRMTVNTUAAB", True),
        (b"Negotiate YII", True),
        (b"negotiate", True),
        (b"\tNTLM", True),
        (b"Kerberos YII", True),
        (b"Basic YWxpY2U6YQ==", False),
        (b"Bearer ntlm", False),
        (b"NTLM2 x", False),
        (b"Negotiate-Ex x", False),
        (b"", False),
    ],
)
def test_credentials(value, bound):
    """Those after which the connection is somebody's."""
    assert is_bound_credential(value) is bound


@pytest.mark.parametrize(
    ("value", "bound"),
    [
        (b"NTLM", True),
        (b"Negotiate", True),
        (b"Basic realm=x, NTLM", True),
        (b'Basic realm="x",Negotiate', True),
        (b"NTLM TlRMTVNTUAAC", True),
        (b'Basic realm="ntlm"', False),
        (b"Digest", False),
        (b"", False),
    ],
)
def test_challenges(value, bound):
    """Also one of several in a field."""
    assert is_bound_challenge(value) is bound


def test_credentials_can_be_left_out():
    """In whatever case, and nothing else."""
    lines = [b"A: 1\r\n", b"authorizatioN: Basic x\r\n", b"Authorization-Info: y\r\n"]

    assert without_credentials(lines) == [lines[0], lines[2]]
