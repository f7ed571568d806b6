"""What is wrong with a message that no browser can be blamed for; answering it is left to `relay`."""


class MalformedMessage(Exception):
    """A response or a chunked body breaks RFC 9112.

    `str()` is a short clause without a byte of the peer's, "repeated Content-Length" for instance.
    """
