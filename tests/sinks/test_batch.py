"""Requests of one process are counted and written, a batch at a time."""

import json

import pytest

from proxy.metrics.meter import Meter
from proxy.metrics.names import REQUESTS
from proxy.sinks.batch import BATCH, Batch
from tests.stage import OK, answering, stage


async def entry():
    """Give the entry of a request that was answered."""
    async with stage({"HQ": answering(OK)}) as running:
        await running.ask(b"GET /owa/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return running.access[0]


def counted(meter: Meter) -> float:
    """Give how many requests were counted."""
    return sum(meter.snapshot()[REQUESTS].values())


async def test_a_batch_is_worked_off_at_once():
    """Before it is full nothing is done between requests."""
    one, written, meter = await entry(), [], Meter()
    batch = Batch(meter.count, lambda lines, records: written.append((lines, records)))
    for _ in range(BATCH - 1):
        batch.record(one)
    before = (len(written), counted(meter))
    batch.record(one)

    assert before == (0, 0)
    assert ([records for _, records in written], counted(meter)) == ([BATCH], BATCH)


@pytest.mark.parametrize("writes", [True, False])
async def test_what_is_there_is_worked_off_with_the_tick(writes):
    """Counted in any case, written where somebody wants lines; nothing twice."""
    one, written, meter = await entry(), [], Meter()
    batch = Batch(meter.count, (lambda lines, _: written.append(lines)) if writes else None)
    batch.record(one)
    batch.flush()
    batch.flush()

    assert counted(meter) == 1
    assert [json.loads(line)["url.path"] for line in written] == (["/owa/"] if writes else [])
