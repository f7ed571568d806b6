"""What control asks of those who serve is given by whoever serves."""

import pickle

from proxy.service.crew import InForce, Report, ServerState, Upstream
from proxy.service.single import Single
from proxy.service.switches import Switches
from proxy.upstream.pool import PoolState
from tests.stage import OK, answering, stage

STATE = ServerState("HQ", "cas.hq.test", "down", 1.5, "It refused the connection.")
CREW = ("apply", "renew", "are_serving", "reports")


def test_a_proxy_in_one_process_is_its_own_crew():
    """It has every method."""
    assert all(callable(getattr(Single, name)) for name in CREW)


async def test_settings_and_reports_travel_between_processes():
    """Whatever is in them, they are values."""
    async with stage({"HQ": answering(OK)}) as running:
        in_force = running.proxy.control.in_force
        report = Report(1, 2, 3.0, 4, 5, "asyncio", (Upstream("HQ", "cas.hq.test", PoolState(1, 2, 3)),), (STATE,))
        again = pickle.loads(pickle.dumps((in_force, report)))

    assert again[1] == report
    assert isinstance(again[0], InForce)
    assert again[0].loaded.settings == in_force.loaded.settings
    assert again[0].loaded.topology == in_force.loaded.topology
    assert again[0].loaded.origins == in_force.loaded.origins
    assert again[0].switches == Switches()
