"""The JSON Schema says of a file what the parser says, as far as a schema can."""

import re
import tomllib
from pathlib import Path

import pytest

from proxy.settings.json_schema import DURATION, make_json_schema

SCHEMA = make_json_schema()


def accepts(node, value) -> bool:  # noqa: PLR0911 - one for each word
    """Judge a value by the few words of JSON Schema that ours uses."""
    if "anyOf" in node:
        return any(accepts(each, value) for each in node["anyOf"])
    if "enum" in node:
        return any(type(each) is type(value) and each == value for each in node["enum"])
    match node["type"]:
        case "object":
            known, more = node.get("properties", {}), node["additionalProperties"]
            return (
                isinstance(value, dict)
                and all(name in value for name in node.get("required", ()))
                and all((name in known or more) and accepts(known.get(name, more), one) for name, one in value.items())
            )
        case "array":
            return (
                isinstance(value, list)
                and len(value) >= node.get("minItems", 0)
                and not (node.get("uniqueItems") and len(set(value)) < len(value))
                and all(accepts(node["items"], each) for each in value)
            )
        case "string":
            return isinstance(value, str) and re.search(node.get("pattern", ""), value) is not None
        case "boolean":
            return isinstance(value, bool)
        case _:
            return type(value) is int and node.get("minimum", value) <= value <= node.get("maximum", value)


@pytest.mark.parametrize("name", ["lab.toml", "casproxy.example.toml"])
def test_our_own_files_fit(name):
    """What ships as an example passes in an editor."""
    assert accepts(SCHEMA, tomllib.loads(Path("config", name).read_text()))


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("[trust]\nallow_internal_untrusted_certs = 0", True),
        ("[trust]\nAllowInternalUntrustedCerts = true", True),
        ("[trust]\nallow_internal_untrusted_certs = 2", False),
        ("[trust]\nallow_internal_untrusted_certs = '1'", False),
        ("[trust]\nverify = []", False),
        ("[trust]\nverify = ['chain', 'chain']", False),
        ("[trust]\nverify = ['revocation']", False),
        ("[trust]\nverify = ['expiry', 'chain']", True),
        ("[trust]\nmin_tls_version = '1.1'", True),
        ("[monitor]\nexpiry_warning = 3651", False),
        ("[timeouts]\nconnect = '5s'", True),
        ("[timeouts]\nconnect = 5", False),
        ("[limits]\nbody_bytes = 0", True),
        ("[limits]\nbody_bytes = -1", False),
        ("[errors]\ndetail = 'some'", False),
        ("[[sites]]\nname = 'HQ'\nservers = ['https://a', { url = 'https://b' }]", True),
        ("[[sites]]\nname = 'HQ'\nservers = [{ connect_to = 'a' }]", False),
        ("[[sites]]\nservers = []", False),
        ("[[sites]]\nname = 'HQ'\n[sites.routes.'/owa'.timeouts]\nresponse_head = '1m'", True),
        ("[[sites]]\nname = 'HQ'\n[sites.routes.'/owa'.timeouts]\nconnect = '1m'", False),
    ],
)
def test_verdicts(rest, expected):
    """Types, bounds, choices, unknown and missing keys are found."""
    assert expected == accepts(SCHEMA, tomllib.loads(f"[server]\ncertificate = 'a'\nlisten = 'a:1'\n{rest}"))


def test_everything_is_described():
    """Editors show a text for each key."""
    for name, node in SCHEMA["properties"].items():
        assert node["description"], name
    assert re.fullmatch(DURATION, "1.5h")
