"""Static files are compressed when accepted, and sent once."""

import gzip

import pytest

from proxy.lab.static import FILES

PATH = "/owa/14.3.123.4/"


@pytest.mark.parametrize("name", FILES)
async def test_a_file_is_compressed_only_when_accepted(branch, name):
    """Both forms are the same file; a proxy must not touch either."""
    packed = await branch.get(PATH + name, headers={"Accept-Encoding": "gzip"})
    plain = await branch.get(PATH + name, headers={"Accept-Encoding": "identity"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert await plain.read() == FILES[name].plain == gzip.decompress(FILES[name].packed)
    assert packed.headers["ETag"] != plain.headers["ETag"]


async def test_a_known_file_is_304(branch):
    """The entity tag saves the body."""
    answer = await branch.get(PATH + "owa.css")
    again = await branch.get(PATH + "owa.css", headers={"If-None-Match": answer.headers["ETag"]})

    assert again.status == 304


async def test_an_unknown_file_is_404(branch):
    """Nothing but the table's files can be read."""
    assert (await branch.get(PATH + "..%2fpages.py")).status == 404
