"""What every process gets from the one that forked it."""

import os

from proxy.service.certificates import Stock
from proxy.service.heritage import Heritage
from tests.loopback import until


async def test_the_end_of_the_supervisor_is_noticed_once():
    """Nobody writes to the lifeline: it ends when its other end is closed, however that came about."""
    lifeline, hold = os.pipe()
    ended: list[str] = []
    heritage = Heritage(
        loaded=None, load=None, sockets=None, stock=Stock(), meeting="", lifeline=lifeline, colour=False
    )
    heritage.watch_lifeline(lambda: ended.append("ended"))
    before = list(ended)
    os.close(hold)
    await until(lambda: ended, "nobody noticed")
    os.close(lifeline)

    assert (before, ended) == ([], ["ended"])
