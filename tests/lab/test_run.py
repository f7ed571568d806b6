"""The sites start with the certificates they are said to have."""

import asyncio
import ssl

import pytest

from proxy.certkit.chains import CannotMake
from proxy.certkit.faults import FAULTS
from proxy.certkit.store import Wanted
from proxy.lab import run
from proxy.lab.run import Lab
from proxy.lab.sign_in import TWIN
from proxy.lab.topology import SITES, LabMistake
from tests.loopback import turn

FREE = {site.name: 0 for site in SITES}


async def _verify_code(lab: Lab, site) -> int:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(lab.authority)
    try:
        _, writer = await asyncio.open_connection(
            "127.0.0.1", lab[site.name].port, ssl=context, server_hostname=site.host
        )
    except ssl.SSLCertVerificationError as refusal:
        return refusal.verify_code
    writer.transport.abort()
    await turn()
    return 0


async def test_each_site_has_its_fault(tmp_path):
    """OpenSSL says of each site's certificate what the table says; an override takes effect."""
    async with Lab(tmp_path, faults={"Depot": "expired"}, ports=FREE) as lab:
        codes = {site.name: await _verify_code(lab, site) for site in SITES}

    faults = {site.name: site.fault for site in SITES} | {"Depot": "expired"}
    assert codes == {name: FAULTS[fault].code for name, fault in faults.items()}


async def test_each_site_knows_what_its_fault_needs(tmp_path):
    """What has to stand in a site's trust so that its fault shows: files of the folder and the fault's policy."""
    faults = {"HQ": "revoked", "Branch": "trusted-intermediate-only", "Plant": "no-aki", "Warehouse": "good"}
    async with Lab(tmp_path, faults=faults, ports=FREE) as lab:
        assert lab.trust == {
            "HQ": {"crl_files": [str(tmp_path / "hq.crl.pem")]},
            "Branch": {"ca_files": [str(tmp_path / "branch.anchors.pem")], "ca_mode": "only"},
            "Plant": {"strict_rfc5280": True},
            "Warehouse": {},
            "Depot": {},
        }


async def test_two_servers_of_a_site_have_its_fault(tmp_path):
    """Each with a certificate of its own; what clients need for one stands beside what they need for the other."""
    twins = (SITES[1], TWIN)
    async with Lab(
        tmp_path, twins, faults={"Branch": "revoked"}, ports=dict.fromkeys(("Branch", "Branch 2"), 0)
    ) as lab:
        assert lab.trust == {"Branch": {"crl_files": [str(tmp_path / f"branch{end}.crl.pem") for end in ("", "-2")]}}
        assert {backend.fault for backend in lab.backends.values()} == {"revoked"}
        assert list(lab.ports) == ["Branch", "Branch 2"]


async def test_further_certificates_can_be_wanted(tmp_path):
    """For a second proxy, say."""
    async with Lab(tmp_path, SITES[:1], ports=FREE, more=[Wanted(stem="other", names=("other.localhost",))]):
        assert (tmp_path / "other.pem").exists()


async def test_weak_certificates_are_served(tmp_path):
    """A key or a signature that OpenSSL would not load is presented all the same."""
    async with Lab(tmp_path, faults={"HQ": "rsa-1024", "Branch": "sha1-signature"}, ports=FREE) as lab:
        codes = {site.name: await _verify_code(lab, site) for site in SITES[:2]}

    assert codes == {"HQ": 66, "Branch": 68}


async def test_a_fault_that_cannot_be_made_is_a_mistake(tmp_path, monkeypatch):
    """The lab says in a sentence which of the wanted faults this machine cannot make."""

    def refuse(*_arguments: object) -> None:
        raise CannotMake("This machine cannot.")

    monkeypatch.setattr(run, "open_store", refuse)
    with pytest.raises(LabMistake, match="This machine cannot"):
        async with Lab(tmp_path, ports=FREE):
            pass


async def test_keys_are_kept_to_their_owner(tmp_path):
    """Private keys have mode 0600."""
    async with Lab(tmp_path, ports=FREE):
        modes = {path.stat().st_mode & 0o777 for path in tmp_path.glob("*.key.pem")}

    assert modes == {0o600}


async def test_a_start_that_fails_leaves_nothing_open(tmp_path):
    """A folder that cannot be written ends the start with the system's error."""
    file = tmp_path / "file"
    file.write_text("")

    with pytest.raises(OSError):  # noqa: PT011 - which error is the system's business
        async with Lab(file, ports=FREE):
            pass
