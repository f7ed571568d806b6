"""What the lab says is true of the lab that runs."""

import json

from proxy.cli.lab_talk import introduce, summarize
from proxy.lab.run import Lab
from proxy.lab.toml import to_toml
from proxy.lab.topology import SITES, Places, default_settings, place
from proxy.service.build import Outlets
from proxy.service.load import load
from proxy.service.worker import Worker


async def test_what_is_said_names_every_site_and_its_fault(tmp_path):
    """People and scripts are told the same addresses, faults and files."""
    async with Lab(tmp_path, ports={site.name: 0 for site in SITES}) as lab:
        places = Places(listen=0, redirect=0, admin=0, backends=lab.ports, folder=tmp_path)
        places.settings.write_text(to_toml(place(default_settings(), places, 0)))
        worker = Worker(load(str(places.settings), {}, {}), Outlets(emit=lambda _event: None, record_access=None))
        await worker.start()
        try:
            text, summary = introduce(worker, lab, places), summarize(worker, lab, places)
        finally:
            await worker.stop()

    assert "AllowInternalUntrustedCerts is 0." in text
    assert all(site["url"] in text for site in summary["sites"])
    assert [site["reason"] for site in summary["sites"]] == [
        "",
        "self_signed",
        "expired",
        "name_mismatch",
        "missing_intermediate",
    ]
    assert json.loads(json.dumps(summary)) == summary
    assert str(places.authority) in text
