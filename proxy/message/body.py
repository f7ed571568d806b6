"""Where a body ends, byte by byte: one reader per message, for both directions; sending is left to the caller."""

from proxy.message.chunked import ChunkedDecoder
from proxy.model.message import CHUNKED, LENGTH, NONE, Framing


class BodyReader:
    """Takes what arrives after a head and tells body from what follows (RFC 9112 §6.3)."""

    __slots__ = ("_decoder", "_kind", "_remaining", "rest")

    def __init__(self, framing: Framing) -> None:
        self._kind, self._remaining = framing
        self._decoder = ChunkedDecoder() if framing.kind is CHUNKED else None
        self.rest = b""
        """After the end: bytes that belong to the next message."""

    def feed(self, data: bytes) -> tuple[bytes, bool]:
        """Give the decoded body bytes in `data` and whether the body is complete.

        A body that lasts until the connection closes never is; its end is the caller's to notice.
        Raises: MalformedMessage for chunked framing that breaks RFC 9112 §7.1.
        """
        if self._kind is LENGTH:
            remaining = self._remaining = self._remaining - len(data)
            if remaining >= 0:
                return data, not remaining
            self.rest = data[remaining:]
            return data[:remaining], True
        if self._decoder is not None:
            decoded = self._decoder.feed(data)
            if self._decoder.done:
                self.rest = self._decoder.rest
                return decoded, True
            return decoded, False
        if self._kind is NONE:
            self.rest = data
            return b"", True
        return data, False
