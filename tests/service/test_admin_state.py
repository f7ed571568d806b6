"""What the admin listener tells of a proxy that runs."""

from tests.stage import OK, answering, stage


async def test_verdicts_are_told_before_anybody_has_looked():
    """Each server has its line."""
    async with stage({"HQ": answering(OK)}) as running:
        (told,) = running.proxy.state.verdicts()

    assert (told["site"], told["policy"], told["verdict"]) == ("HQ", "allow", None)


async def test_the_digest_of_the_settings_follows_a_reload():
    """The same while they stay; what was turned at run time is no setting."""
    async with stage({"HQ": answering(OK)}) as running:
        state = running.proxy.state
        before = [digest(await state.metrics()) for _ in range(2)]
        await running.proxy.control.turn_switch("HQ", False)
        turned = digest(await state.metrics())
        running.reload(running.settings.replace("[trust]", "[limits]\ntarget_bytes = 64\n[trust]"))
        after = digest(await state.metrics())

    assert before == [turned] * 2
    assert after != turned


def digest(metrics: bytes) -> str:
    """Give the label of `casproxy_config_hash_info`."""
    return next(line for line in metrics.decode().splitlines() if line.startswith("casproxy_config_hash_info{"))
