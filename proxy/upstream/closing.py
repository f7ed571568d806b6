"""How a backend ended its stream: with close_notify or by merely closing; acting on it is left to `connection`."""

import asyncio
import ssl


def is_clean_end(transport: asyncio.Transport) -> bool:
    """Tell a close_notify from a bare end of the stream; asked while `eof_received` runs.

    uvloop and aiofastnet call `eof_received` only for a close_notify. Stock asyncio calls it always; there the TLS
    object answers a read with an empty string after one, and with "want read" without. Without one, a body that lasts
    until the close may have been cut short by anybody on the way (RFC 9112 §9.8).
    """
    tls = transport.get_extra_info("ssl_object")
    if type(tls) is not ssl.SSLObject:
        return True
    try:
        return tls.read(1) == b""
    except ssl.SSLZeroReturnError:
        return True
    except ssl.SSLError:
        return False
