"""What a malformed message says of itself."""

import pytest

from proxy.errors import ProxyError
from proxy.message.chunked import ChunkedDecoder
from proxy.message.faults import MalformedMessage
from proxy.message.framing import content_length
from proxy.message.hop_by_hop import HOP_BY_HOP
from proxy.message.roles import RoleTable


def test_it_is_nobodys_answer_by_itself():
    """Whose fault it is, the caller decides: it is no ProxyError with a status."""
    assert not issubclass(MalformedMessage, ProxyError)


@pytest.mark.parametrize(
    "use",
    [
        content_length,
        lambda text: ChunkedDecoder().feed(text + b"\r\n"),
        lambda text: RoleTable(HOP_BY_HOP, ()).learn(text),
    ],
)
def test_it_repeats_no_byte_of_the_peers(use):
    """A forged log line cannot come in by way of the sentence."""
    with pytest.raises(MalformedMessage) as caught:
        use(b"zz\x1b[31m evil")

    assert "zz" not in str(caught.value)
    assert str(caught.value).isprintable()
