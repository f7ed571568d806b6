"""What the admin listener tells and may change, put together from everybody's answers; HTTP is `admin`'s."""

from typing import Any

from proxy.service.control import Control
from proxy.service.standings import to_plain_standing


class ControlState:
    """A control as the admin listener sees it."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def is_ready(self) -> bool:
        """Tell whether new requests are welcome; backends and their trust do not count."""
        return self._control.is_ready()

    def verdicts(self) -> list[dict[str, Any]]:
        """Give what is known of every server's trust, as plain values."""
        return [to_plain_standing(standing) for standing in self._control.monitor.standings()]

    def admin_token(self) -> str:
        """Give the token of the admin API in force."""
        return self._control.in_force.loaded.admin_token
