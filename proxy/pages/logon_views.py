"""What the pages around signing in show, as values; how they look is left to `logon`."""

import math
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus

LOGIN_TIMEOUT = 440
"""Status of a request whose sign-in has run out; HTTP itself does not name it."""


class Reason(Enum):
    """Why the form is shown; the values are those of the query key `reason`."""

    NONE = 0
    SIGNED_OFF = 1
    WRONG = 2
    TIMED_OUT = 3
    PASSWORD_CHANGED = 4


class Refusal(Enum):
    """What was decided against a reader; the values are the keys of the texts."""

    NO_MAILBOX = "no_mailbox"
    NO_SERVER = "no_server"
    NO_ADDRESS = "no_address"
    """The mailbox is at another address, which nobody has set."""
    LOOP = "loop"
    """The other address is the one that was just asked."""
    NOT_HERE = "not_here"
    BAD_FORM = "bad_form"
    FOREIGN_FORM = "foreign_form"


_BY_STATUS = {404: Refusal.NO_MAILBOX, 501: Refusal.NOT_HERE, 502: Refusal.LOOP}
_NO_ADDRESS = {81, 90, 91, 92}
"""Events of a mailbox whose other address is not set."""


def refusal_of(status: int, event: int) -> Refusal:
    """Choose the words for a routing decision by its status and the number of its event, 0 for none."""
    return Refusal.NO_ADDRESS if event in _NO_ADDRESS else _BY_STATUS.get(status, Refusal.NO_SERVER)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogonView:
    """The sign-in form."""

    destination: str
    """Where to go then; shown to nobody, sent back by the form."""
    token: str
    """What proves that the form is ours."""
    reason: Reason = Reason.NONE
    """Why the form is shown."""
    retry_after: float = 0.0
    """Seconds to wait before the next attempt; 0: none."""
    organisation: str = ""
    """Whose server it is, for the title."""
    onward: tuple[str, ...] = ()
    """Addresses that signing in may lead on to by itself; Chromium holds redirects of a form to its policy."""

    @property
    def status(self) -> int:
        """Status for programs; a browser that asked for the form gets 200."""
        return HTTPStatus.TOO_MANY_REQUESTS if self.wait else HTTPStatus.UNAUTHORIZED

    @property
    def wait(self) -> int:
        """Whole seconds to wait."""
        return math.ceil(self.retry_after)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoffView:
    """What is shown after signing off."""

    organisation: str = ""
    """Whose server it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectView:
    """The mailbox is at another address, and the sign-in here has been dropped."""

    location: str
    """The https address; anything else is not linked."""
    organisation: str = ""
    """Whose server it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedView:
    """A decision against the reader."""

    refusal: Refusal
    """What was decided."""
    status: int
    """Status code of the answer."""
    organisation: str = ""
    """Whose server it is."""

    @property
    def advice(self) -> str:
        """Key of what the reader can do."""
        return _ADVICE.get(self.refusal, "administrator")

    @property
    def is_over(self) -> bool:
        """Whether signing in anew is what helps."""
        return self.advice == "start_over"


_ADVICE = {
    Refusal.NO_SERVER: "again",
    Refusal.BAD_FORM: "start_over",
    Refusal.FOREIGN_FORM: "start_over",
}
