"""`casproxy schema`: writes what can be configured, for editors and for people."""

import argparse
import json
import sys

from proxy.settings.json_schema import make_json_schema
from proxy.settings.reference import render_example, render_reference

NAME = "schema"
HELP = "print the JSON Schema of the configuration, an example file or the key reference"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the choice of a format."""
    parser.add_argument(
        "--format",
        choices=("json", "toml", "markdown"),
        default="json",
        help="json: JSON Schema (default); toml: example file; markdown: key reference",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the text; always 0."""
    match arguments.format:
        case "toml":
            text = render_example()
        case "markdown":
            text = render_reference()
        case _:
            text = render_json_schema()
    sys.stdout.write(text)
    return 0


def render_json_schema() -> str:
    """Write the JSON Schema as text."""
    return json.dumps(make_json_schema(), indent=2, ensure_ascii=False) + "\n"
