"""What the admin listener answers instead of doing what was asked; who refuses what is left to the others."""

from collections.abc import Mapping

import msgspec
from aiohttp import web

from proxy.admin.answers import Refusal


class Refused(Exception):
    """A request that is not served; `str()` says why in a sentence."""

    def __init__(self, status: int, sentence: str, cure: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        """Status code, 400 or more."""
        self.cure = cure
        """What to do about it; empty when there is nothing."""
        self.headers = dict(headers or {})
        """Fields that belong to the status."""

    def to_response(self) -> web.Response:
        """Write it as JSON."""
        return answer_json(Refusal(error=str(self), cure=self.cure), self.status, self.headers)


def refusal_of(fault: web.HTTPException) -> Refused:
    """Put a refusal of the library into our words."""
    sentence, cure = _SENTENCES.get(fault.status, (f"The request was refused with {fault.status}.", ""))
    return Refused(fault.status, sentence, cure, {name: fault.headers[name] for name in _KEPT if name in fault.headers})


def answer_json(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Answer with a value as JSON."""
    body = msgspec.json.encode(value)
    return web.Response(status=status, body=body, content_type="application/json", headers=dict(headers or {}))


_KEPT = ("Allow",)
_SENTENCES = {
    404: ("There is nothing at this address.", "See /api/openapi.json for what there is."),
    405: ("This address does not know the method.", "Use one of those in Allow."),
    413: ("The body is larger than anything that is understood here.", "Send the order alone."),
}
