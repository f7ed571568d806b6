"""Reads on from a transport after a pause, whatever it has kept meanwhile; when to pause is left to its owners."""

import asyncio

_KEPT = "_retry_ssl_read"


def read_on(transport: asyncio.Transport) -> None:
    """Resume reading, first what the transport itself has kept.

    aiofastnet keeps up to a buffer of encrypted bytes when it is paused while it delivers, and looks at them again only
    after the socket has given something (1.2.0). Where nothing more comes they would stay there for good, and where the
    peer has closed they would be lost. Its own method for such a retry is asked before it looks at the socket.
    """
    retry = getattr(transport, _KEPT, None)
    if retry is not None:
        asyncio.get_running_loop().call_soon(retry)  # before what `resume_reading` schedules
    transport.resume_reading()
