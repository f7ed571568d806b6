"""Attachments go up and down whole, in ranges, and never need memory."""

import hashlib

import pytest
from aiohttp import FormData

from proxy.lab.attachments import made_up


async def test_an_attachment_comes_down_whole_with_its_name(branch):
    """A download has its media type, its tag, and a name that browsers save it under."""
    answer = await branch.get("/owa/attachment.ashx?id=m1-1")
    body = await answer.read()

    assert answer.status == 200
    assert body.startswith(b"Certificates are renewed")
    assert "minutes.txt" in answer.headers["Content-Disposition"]
    assert answer.headers["ETag"].startswith('"')


@pytest.mark.parametrize(
    ("wanted", "status", "part"),
    [
        ("bytes=0-4", 206, b"Certi"),
        ("bytes=-4", 206, b"d.\r\n"),
        ("bytes=99999999-", 416, None),
        ("lines=1", 200, None),
    ],
)
async def test_ranges_give_the_part_that_was_asked_for(branch, wanted, status, part):
    """RFC 9110 §14.2: parts, a range that cannot be, and units that are not known."""
    answer = await branch.get("/owa/attachment.ashx?id=m1-1", headers={"Range": wanted})
    body = await answer.read()

    assert answer.status == status
    assert part is None or body == part


async def test_a_made_up_file_has_the_size_that_was_asked_for(branch):
    """Large downloads are streamed and known in advance."""
    answer = await branch.get("/owa/attachment.ashx?size=200000")
    body = await answer.read()

    assert body == (bytes(range(256)) * 800)[:200_000]
    assert made_up(65_530, 10) == bytes([250, 251, 252, 253, 254, 255, 0, 1, 2, 3])


@pytest.mark.parametrize("size", ["-1", "x", str(2**60)])
async def test_a_size_that_cannot_be_is_refused(branch, size):
    """Nonsense is answered with 400, not with a traceback."""
    assert (await branch.get("/owa/attachment.ashx", params={"size": size})).status == 400


async def test_an_upload_is_measured(branch):
    """The answer shows size and hash of each file, and its name as text."""
    data = b"x" * 300_000
    form = FormData()
    form.add_field("file", data, filename="<b>.bin", content_type="application/octet-stream")
    answer = await branch.post("/owa/attachment.ashx", data=form)
    page = await answer.text()

    assert hashlib.sha256(data).hexdigest() in page
    assert "<b>.bin" not in page
    assert "300" in page


async def test_a_body_without_a_form_is_measured_too(branch):
    """Curl --data-binary works."""
    answer = await branch.post(
        "/owa/attachment.ashx", data=b"hello", headers={"Content-Type": "application/octet-stream"}
    )

    assert hashlib.sha256(b"hello").hexdigest() in await answer.text()
