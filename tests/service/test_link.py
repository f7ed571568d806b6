"""A worker's line to control, with a fleet at the other end."""

from proxy.events.record import Event
from proxy.service import link as link_module
from proxy.session.notice import Ended
from tests.company import SESSION, scene
from tests.loopback import until


async def test_a_worker_is_told_what_is_in_force_and_who_has_signed_off(tmp_path):
    """Before it serves anybody."""
    async with scene(tmp_path) as made:
        await made.open()
        welcome = await made.link(1).join()

        assert welcome.in_force.loaded.settings == made.control.in_force.loaded.settings
        assert welcome.notices == (Ended(SESSION, 5e9),)


async def test_what_is_said_while_nobody_listens_waits(tmp_path, monkeypatch):
    """It is said once somebody does, as far as there was room; what did not fit is counted."""
    monkeypatch.setattr(link_module, "WAITING", 3)
    async with scene(tmp_path) as made:
        link = made.link(1)
        for number in range(5):
            link.write_lines(b"%d\n" % number, 1)
        await made.open()
        link.tick(1.0)
        await until(lambda: len(made.lines) == 3, "the lines never came")

        assert made.lines == [(b"2\n", 1), (b"3\n", 1), (b"4\n", 1)]
        assert (link.lost, len(made.resumed)) == (2, 1)


async def test_a_line_that_breaks_is_made_anew(tmp_path):
    """Tried again now and then; what control says then is heard."""
    async with scene(tmp_path) as made:
        first = await made.open()
        link = made.link(1)
        await link.join()
        await first.close()
        await until(lambda: link._channel is None, "the line never broke")
        (tmp_path / "control").unlink()
        link.tick(1.0)
        await until(lambda: link._joining is None, "it never gave up")
        await made.open()
        link.tick(1.2)  # too early
        early = link._joining
        link.tick(2.0)
        await until(lambda: made.resumed, "it never joined")

        assert early is None


async def test_events_go_the_same_way_as_those_of_control(tmp_path):
    """One stream."""
    async with scene(tmp_path) as made:
        await made.open()
        link = made.link(1)
        await link.join()
        link.emit(Event(id=1013, parameters=("CAS01",), note="of a worker"))
        await until(lambda: made.running.seen(1013), "it never came")

        assert [event.note for event in made.running.seen(1013)] == ["of a worker"]
