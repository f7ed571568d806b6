"""Files that change on disk are put in force without a signal."""

import pytest

from tests.e2e.crowd import crowded, download, keep_asking, serve_crowd
from tests.process import serving
from tests.stage import Stage, stage

pytestmark = pytest.mark.e2e

ENFORCE = "allow_internal_untrusted_certs = 0"


def link_folder(running: Stage, stamp: str) -> None:
    """Exchange the folder behind the names of our certificate, as Kubernetes does."""
    folder = running.folder / "secret"
    running.authority.issue("localhost").write(folder / f"..{stamp}", "front")
    (folder / "..data_tmp").symlink_to(f"..{stamp}")
    (folder / "..data_tmp").rename(folder / "..data")
    for name in ("front.pem", "front.key.pem"):
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")


async def shown(running: Stage) -> bytes:
    """Tell which certificate a browser is shown."""
    browser = await running.browser()
    try:
        return browser.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    finally:
        browser.close()


async def test_a_renewed_certificate_is_noticed() -> None:
    """With `server.watch` nobody sends a signal: the folder behind the link is exchanged, and the new one is shown."""
    async with stage({"HQ": serve_crowd}, settings=ENFORCE, server_settings="watch = true", apart=True) as running:
        for stamp in ("1", "2"):
            (running.folder / "secret" / f"..{stamp}").mkdir(parents=True)
        link_folder(running, "1")
        settings = running.settings.replace("/front.", "/secret/front.")
        async with serving(running, settings=settings) as served:
            before = await shown(running)
            async with crowded(running, {keep_asking: 10, download: 20}) as crowd:
                link_folder(running, "2")
                await served.event(1010)
            assert await shown(running) != before
            assert crowd.failures == []
            served.path.write_text("[server")
            await served.event(1011)
            served.path.write_text(settings.replace("watch = true", "watch = false"))
            await served.event(1010, 2)
            assert (len(served.seen(1010)), len(served.seen(1011))) == (2, 1)
