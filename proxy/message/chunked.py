"""Decode and encode chunked bodies (RFC 9112 §7.1), strictly and without I/O; back-pressure is left to `relay`.

What is refused because implementations read it differently: bare LF, white space around the size, `0x`, `+`, `_`,
more than 16 digits, anything but CRLF after the data. Extensions are bounded and dropped; trailer fields are checked
like header fields, bounded, and dropped (§7.1.2 allows that for fields the recipient does not know to be mergeable).

Tuned: work is per chunk, never per byte; a piece that lies wholly inside a chunk is passed on without a copy.
"""

from proxy.message.faults import MalformedMessage
from proxy.message.framing import MAX_LENGTH
from proxy.message.grammar import TEXT, TOKEN

LAST_CHUNK = b"0\r\n\r\n"
"""Ends a chunked body without trailer fields."""

MAX_LINE_BYTES = 4096
"""A chunk line with its extensions, without the line end."""
MAX_EXTENSION_BYTES = 16_384
"""All extensions of a message together: lines of 4 KiB for one byte of data each are an attack."""
MAX_TRAILER_BYTES = 16_384
"""All trailer fields together."""
MAX_TRAILER_FIELDS = 100
"""Trailer fields."""
_MAX_DIGITS = 16
_HEX = b"0123456789abcdefABCDEF"
_SIZE, _DATA_END, _TRAILER, _FAILED = range(4)
_LINE_LIMITS = (MAX_LINE_BYTES + 2, 2, MAX_TRAILER_BYTES + 2, 1)
"""Bytes in which the line of each state must end."""
_TOO_LONG = (
    "chunk line too long",
    "chunk data without its line end",
    "trailer too large",
    "chunked body was malformed",
)


def encode_chunk(data: bytes) -> bytes:
    """Wrap data into one chunk; nothing becomes nothing, because a chunk of size 0 would end the body."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


class ChunkedDecoder:
    """Decode one chunked body, fed as it arrives.

    After MalformedMessage the decoder is of no more use: feeding it again raises again.
    """

    __slots__ = ("_extension_bytes", "_left", "_partial", "_state", "_trailer_bytes", "_trailer_fields", "done", "rest")

    def __init__(self) -> None:
        self._state = _SIZE
        self._left = 0  # bytes of the current chunk that have not come
        self._partial = b""  # the beginning of a line whose end has not come
        self._extension_bytes = 0
        self._trailer_bytes = 0
        self._trailer_fields = 0
        self.done = False
        """Whether the end of the body has been seen."""
        self.rest = b""
        """Bytes that came after the end of the body."""

    def feed(self, data: bytes) -> bytes:
        """Decode what arrived; empty when it completed no byte of data. Raises: MalformedMessage."""
        if self._left > len(data):
            self._left -= len(data)
            return data
        try:
            return self._decode(data)
        except MalformedMessage:
            self._state, self._left, self._partial = _FAILED, 0, b""
            raise

    def _decode(self, data: bytes) -> bytes:
        if self._partial:
            data, self._partial = self._partial + data, b""
        pieces: list[bytes] = []
        position = 0
        while not self.done:
            if self._left:
                piece = data[position : position + self._left]
                if not piece:
                    break
                pieces.append(piece)
                position += len(piece)
                self._left -= len(piece)
                continue
            limit = _LINE_LIMITS[self._state]
            end = data.find(b"\n", position, position + limit)
            if end < 0:
                self._partial = data[position : position + limit]
                if len(self._partial) == limit:
                    raise MalformedMessage(_TOO_LONG[self._state])
                break
            self._take_line(data[position:end])
            position = end + 1
        if self.done:
            self.rest += data[position:]
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _take_line(self, line: bytes) -> None:
        """Act on one line that came without its LF."""
        if line[-1:] != b"\r":
            raise MalformedMessage("bare LF in a chunked body")
        if self._state == _SIZE:
            self._take_size(line[:-1])
        elif self._state == _DATA_END:
            self._state = _SIZE  # the limit of two bytes leaves room for CR and LF alone
        else:
            self._take_trailer(line[:-1])

    def _take_size(self, line: bytes) -> None:
        digits = line
        if b";" in line:
            digits, _, extensions = line.partition(b";")
            self._extension_bytes += len(extensions) + 1
            if self._extension_bytes > MAX_EXTENSION_BYTES:
                raise MalformedMessage("too many chunk extensions")
            if extensions.translate(None, TEXT):
                raise MalformedMessage("control bytes in a chunk extension")
        if not digits or len(digits) > _MAX_DIGITS or digits.translate(None, _HEX):
            raise MalformedMessage("malformed chunk size")
        self._left = int(digits, 16)
        if self._left > MAX_LENGTH:
            raise MalformedMessage("chunk size out of range")
        self._state = _DATA_END if self._left else _TRAILER

    def _take_trailer(self, line: bytes) -> None:
        """Check a trailer field like a header field (RFC 9112 §5.1) and drop it; the empty line ends the body."""
        if not line:
            self.done = True
            return
        self._trailer_bytes += len(line) + 2
        self._trailer_fields += 1
        if self._trailer_bytes > MAX_TRAILER_BYTES or self._trailer_fields > MAX_TRAILER_FIELDS:
            raise MalformedMessage("trailer too large")
        name, colon, value = line.partition(b":")
        if not colon or not TOKEN.fullmatch(name) or value.translate(None, TEXT):
            raise MalformedMessage("malformed trailer field")
