"""The long poll tells what is new, piece by piece."""

from proxy.lab.notifications import Pace, _steps


async def test_pieces_come_one_after_the_other(branch):
    """Padding at once, then the news, then heartbeats, then the end; nobody may buffer it."""
    answer = await branch.get("/owa/ev.owa?oeh=1&ns=PendingRequest&ev=PendingNotificationRequest&UA=0")
    first = await answer.content.readline()
    text = (await answer.read()).decode()

    assert answer.headers["X-NoBuffering"] == "1"
    assert len(first) > 2048
    assert text.index("newMail") < text.index("heartbeat") < text.index('"end"')


def test_the_pace_adds_up():
    """The waits of all pieces together are the length of the poll."""
    pace = Pace(news_after=4, heartbeat=40, ends_after=300)
    waits = [seconds for seconds, _ in _steps(pace, "HQ")]

    assert sum(waits) == 300
    assert max(waits) <= 40
