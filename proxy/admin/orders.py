"""What the admin API may be told to do and what comes of it, one type per JSON object; doing it is `AdminState`'s."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from proxy.admin.answers import Answer, Level, SwitchText, SwitchValue


class Order(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all that we are told to do: nothing is misspelt without a word."""


class TrustOrder(Order, frozen=True, kw_only=True):
    """How the switch is to stand from now on; both keys must be there."""

    site: Annotated[str | None, Meta(description="A site's name; null: every site and the default.")]
    allow_internal_untrusted_certs: Annotated[
        Literal[0, 1] | None, Meta(description="0, 1, or null: take back what was set at run time.")
    ]


class SwitchChange(Answer, frozen=True, kw_only=True):
    """What has become of the switch somewhere."""

    site: Annotated[str | None, Meta(description="Null: the default.")]
    before: SwitchValue
    after: SwitchValue
    source_before: SwitchText
    source_after: SwitchText


class TrustChanged(Answer, frozen=True, kw_only=True):
    """What an order to change the switch has done; it is in force on every worker."""

    changes: Annotated[tuple[SwitchChange, ...], Meta(description="Empty when it stood like that already.")]
    connections_closed: Annotated[int, Meta(description="Idle connections made under the old policy.")] = 0


class ReloadOrder(Order, frozen=True, kw_only=True):
    """An empty object."""


class Reloaded(Answer, frozen=True, kw_only=True):
    """How a reload went; nothing has changed when it was refused."""

    reloaded: bool
    sentence: str


class LevelOrder(Order, frozen=True, kw_only=True):
    """The least grave level that is to be logged from now on."""

    level: Level
