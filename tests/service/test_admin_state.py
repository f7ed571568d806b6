"""What the admin listener tells of a proxy that runs."""

from tests.stage import OK, answering, stage


async def test_verdicts_are_told_before_anybody_has_looked():
    """Each server has its line."""
    async with stage({"HQ": answering(OK)}) as running:
        (told,) = running.proxy.state.verdicts()

    assert (told["site"], told["policy"], told["verdict"]) == ("HQ", "allow", None)
