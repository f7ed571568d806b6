"""Handlers that tell about events that were kept."""

import pytest

from proxy.admin.keeping import CHOICES
from proxy.events.record import Event
from tests.admin_double import NOW


@pytest.fixture(autouse=True)
def events(state) -> None:
    """Let six events happen, a second apart."""
    for number, site in ((43, "Branch"), (1043, "HQ"), (43, "Branch"), (1010, ""), (43, "Partner"), (1043, "Branch")):
        state.emit(Event(id=number, parameters=("CAS01", "cas02.branch.example"), site=site))


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [1, 2, 3, 4, 5, 6]),
        ("?id=43", [1, 3, 5]),
        ("?id=43,1010", [1, 3, 4, 5]),
        ("?id=43&id=1010", [1, 3, 4, 5]),
        ("?site=branch", [1, 3, 6]),
        ("?site=BRANCH&id=43", [1, 3]),
        ("?site=Gone", []),
        ("?limit=2", [5, 6]),
        ("?after=2&limit=2", [3, 4]),
        ("?after=0&limit=2", [1, 2]),
        ("?after=6", []),
        ("?after=9999", [1, 2, 3, 4, 5, 6]),
        (f"?since={NOW + 2}", [3, 4, 5, 6]),
        (f"?until={NOW + 1}", [1, 2]),
        (f"?since={NOW + 1}&until={NOW + 3}&id=43", [3]),
    ],
)
async def test_events_are_chosen(client, query, numbers) -> None:
    """By number, site and time; the newest ones, or the first ones after one; the last number is always told."""
    told = await (await client.get(f"/api/events{query}")).json()

    assert [each["sequence"] for each in told["events"]] == numbers
    assert told["last"] == 6


async def test_a_record_is_the_one_that_is_logged(client) -> None:
    """With the names of its fields."""
    told = await (await client.get("/api/events?limit=1")).json()
    record = told["events"][0]["record"]

    assert record["event.code"] == "1043"
    assert record["@timestamp"].endswith("Z")
    assert record["observer.name"] == "CAS01"


@pytest.mark.parametrize(
    ("name", "media"),
    [
        ("json", "application/json"),
        ("text", "text/plain"),
        ("xml", "application/xml"),
        ("csv", "text/csv"),
        ("rfc5424", "text/plain"),
    ],
)
async def test_every_format_has_its_type(client, name, media) -> None:
    """For many events and for one."""
    many = await client.get(f"/api/events?format={name}")
    one = await client.get(f"/api/events/2?format={name}")

    assert (many.status, one.status) == (200, 200)
    assert (many.content_type, one.content_type) == (media, media)
    assert (await one.read()).rstrip()


def test_every_format_is_tested() -> None:
    """The formats of the test above are all there are."""
    assert set(CHOICES) == {"json", "text", "xml", "csv", "rfc5424"}


async def test_one_event(client) -> None:
    """By its number; one that is not there is 404."""
    told = await (await client.get("/api/events/4")).json()

    assert (told["sequence"], told["record"]["winlog.event_id"]) == (4, 1010)
    for number in (0, 7, 10**15):
        answer = await client.get(f"/api/events/{number}")
        assert answer.status == 404
        assert "6" in (await answer.json())["cure"]


@pytest.mark.parametrize(
    "path",
    ["?format=yaml", "?id=x", "?limit=0", "?since=now", "?after=-1", "?ids=43", "/1?format=", "/99999999999999999"],
)
async def test_what_means_nothing_is_400(client, path) -> None:
    """Never an empty answer that looks like one."""
    assert (await client.get(f"/api/events{path}")).status == 400
