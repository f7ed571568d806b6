"""What the admin listener needs to be told: refusals carry their cure, and the tests' double is one of them."""

from proxy.admin.state import AdminState, ChangeRefused, KeptEvents, TakesRestart, UnknownSite
from tests.admin_double import DoubleState, KeptByHand


def test_a_refused_change_says_why_and_what_to_do() -> None:
    """`str()` is the sentence, `cure` what to do."""
    refused = UnknownSite("There is no site X.", "Name HQ.")

    assert (str(refused), refused.cure) == ("There is no site X.", "Name HQ.")
    assert issubclass(UnknownSite, ChangeRefused)
    assert issubclass(TakesRestart, ChangeRefused)
    assert TakesRestart("It takes a restart.").cure == ""


def test_the_double_has_every_method() -> None:
    """What the listener may ask the state, the double answers."""
    asked = {name for name in dir(AdminState) if not name.startswith("_")}

    assert asked <= set(dir(DoubleState()))
    assert {name for name in dir(KeptEvents) if not name.startswith("_")} <= set(dir(KeptByHand()))
