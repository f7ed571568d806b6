"""`casproxy explain site NAME`: a site's trust policy, who set each part of it, and how its servers stand.

The last verdicts are those of the running proxy, asked over its admin address; without one the servers are looked at.
"""

import argparse
import json
import sys
from collections.abc import Iterator

from proxy.cli.ask import Answer, is_trusted, plain_policy, policy_of, reasons, standing_of
from proxy.cli.named_settings import NoSettings, add_config, load_named
from proxy.cli.trust_talk import exit_code, mark
from proxy.model.clean import clean_text
from proxy.model.sites import Site
from proxy.service.load import Loaded
from proxy.settings.effective import spell_toml
from proxy.settings.values import did_you_mean

NAME = "site"
HELP = "explain a site's trust policy and how its servers stand"

USAGE = 2


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the site, the settings and the form of the answer."""
    parser.add_argument("name", metavar="NAME", help="the site, whatever the case")
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def run(arguments: argparse.Namespace) -> int:
    """Explain; 0 all its servers trusted, 1 one is not, 2 no such site, 3 one could not be looked at."""
    try:
        loaded = load_named(arguments, "explain site")
    except NoSettings as stop:
        return stop.code
    site = find_site(loaded, arguments.name)
    if site is None:
        return USAGE
    answer = standing_of(loaded, site, "explain site")
    if arguments.json:
        plain = {"site": site.name, "policy": plain_policy(loaded, site), **answer._asdict()}
        print(json.dumps(plain, indent=2, ensure_ascii=False))
    else:
        print("\n".join(to_text(loaded, site, answer)))
    return exit_code(is_trusted(each) for each in answer.servers)


def find_site(loaded: Loaded, name: str) -> Site | None:
    """Find the site; None, after telling which there are, when there is none of that name."""
    names = {site.name.casefold(): site for site in loaded.topology.sites}
    site = names.get(name.casefold())
    if site is None:
        known = [each.name for each in names.values()]
        guess = f"{did_you_mean(name, known)} ".lstrip()
        sentence = f"there is no site {name!r}. {guess}There are: {', '.join(known)}."
        print(f"casproxy explain site: {sentence}", file=sys.stderr)
    return site


def to_text(loaded: Loaded, site: Site, answer: Answer) -> Iterator[str]:
    """Lay it out for people."""
    yield f"Site {site.name}: policy {site.policy.name}, because {site.policy.source} says so."
    for key, value, origin in policy_of(loaded, site):
        yield f"  {key} = {spell_toml(value)}  # {origin}"
    yield f"Servers, {answer.source}:"
    for each in answer.servers:
        verdict, fault = each["verdict"], each["fault"]
        word = "not looked at yet" if verdict is None else "trusted" if verdict["trusted"] else verdict["reason"]
        yield f"{mark(is_trusted(each))} {clean_text(each['server'])}  {word if not fault else clean_text(fault)}"
        yield from reasons(verdict or {})
