"""What all pages share: templates, the one style sheet and the fields that say what a browser may do with it."""

import base64
import hashlib
from collections.abc import Iterable
from pathlib import Path

import jinja2
from markupsafe import Markup

_TEMPLATES = Path(__file__).parent / "templates"


def build_environment() -> jinja2.Environment:
    """Build what compiles templates; they escape everything and fail for what they are not given."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["style"] = Markup(read_style())  # noqa: S704 - our own file; its hash is in the policy
    return environment


def read_style() -> str:
    """Read the style sheet that every page carries in itself."""
    return (_TEMPLATES / "style.css").read_text("utf-8")


def name_style(style: str) -> str:
    """Give the source by which a policy names a style sheet: its hash. Do it once, it is the same for every page."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def content_policy(style: str, form_action: Iterable[str] = ("'none'",)) -> str:
    """Write the value of `Content-Security-Policy`: one style (`name_style`), no script, frame or picture."""
    forms = " ".join(form_action)
    return f"default-src 'none'; style-src {style}; base-uri 'none'; form-action {forms}; frame-ancestors 'none'"
