"""The lab's authority: handed out where there is one."""

import pytest

from proxy.certkit.authority import Authority

AUTHORITY = Authority.create("casproxy lab authority (localhost only)")


@pytest.mark.parametrize("path", ["/ca", "/ca.pem"])
async def test_without_a_lab_there_is_none(client, path) -> None:
    """And a sentence says so."""
    answer = await client.get(path)

    assert answer.status == 404
    assert "no authority" in (await answer.json())["error"]


async def test_the_certificate_is_sent(client, state) -> None:
    """As it is, under the type that browsers know."""
    state.ca = AUTHORITY.certificate_pem

    answer = await client.get("/ca.pem")

    assert answer.content_type == "application/x-x509-ca-cert"
    assert await answer.read() == AUTHORITY.certificate_pem


async def test_the_page_tells_how_to_trust_it(client, state) -> None:
    """With the address under which it was asked for, and the fingerprint to compare."""
    state.ca = AUTHORITY.certificate_pem

    answer = await client.get("/ca")
    text = await answer.text()

    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "style-src 'sha256-" in answer.headers["Content-Security-Policy"]
    assert f"http://127.0.0.1:{client.port}/ca.pem" in text
    assert "casproxy lab authority (localhost only)" in text
    assert "PRIVATE KEY" not in text
