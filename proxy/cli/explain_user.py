"""`casproxy explain user X`: the whole way of a user's request, without sending one.

The walk itself is `service.walk`'s; the last verdict is the running proxy's, without one the servers are looked at.
"""

import argparse
import asyncio
import json
import sys

from proxy.cli.ask import standing_of
from proxy.cli.named_settings import NoSettings, add_config, load_named
from proxy.cli.trust_talk import UNKNOWN
from proxy.cli.user_talk import Found, exit_code, to_json, to_text
from proxy.model.clean import clean_text
from proxy.service.load import Loaded
from proxy.service.transports import new_loop
from proxy.service.walk import Ask, NoWalk, walk

NAME = "user"
HELP = "explain where a user's request goes and why, without sending one"

USAGE = 2
_COMMAND = "explain user"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the user, what is asked for, the settings and the form of the answer."""
    parser.add_argument("name", metavar="X", help="the user: DOMAIN\\user, user@domain, an address, a bare name")
    parser.add_argument("--path", default="/owa/", metavar="P", help="what is asked for (default: /owa/)")
    parser.add_argument("--host", default="", metavar="H", help="host the browser uses (default: our server's name)")
    parser.add_argument("--trace", action="store_true", help="tell each rule and each server that was tried")
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def run(arguments: argparse.Namespace) -> int:
    """Explain.

    0: it goes to a trusted server or is redirected. 1: it is refused, or the server is not trusted under switch 0,
    whatever the switch is. 2: no such user, or nobody signs in. 3: it could not be found out.
    """
    try:
        found = _find(load_named(arguments, _COMMAND), arguments)
    except NoSettings as stop:
        return stop.code
    except NoWalk as fault:
        _say(str(fault))
        return UNKNOWN
    if found is None:
        return USAGE
    if arguments.json:
        print(json.dumps(to_json(found, trace=arguments.trace), indent=2, ensure_ascii=False))
    else:
        print("\n".join(to_text(found, trace=arguments.trace)))
    return exit_code(found)


def _find(loaded: Loaded, arguments: argparse.Namespace) -> Found | None:
    """Walk, and learn how the servers stand; None, after telling why, where there is nobody to walk for."""
    if loaded.settings.directory.provider == "none":
        _say('nobody signs in here: directory.provider is "none". `casproxy explain site` tells of sites.')
        return None
    ask = Ask(path=arguments.path, host=arguments.host or loaded.first_server)
    with asyncio.Runner(loop_factory=new_loop) as runner:
        walked = runner.run(walk(loaded, arguments.name, ask))
    if walked is None:
        _say(f"there is no user {clean_text(arguments.name)!r}.")
        return None
    site = walked.passage.decision.site if walked.passage is not None else None
    answer = standing_of(loaded, site, _COMMAND) if site is not None else None
    return Found(loaded, ask, walked, answer)


def _say(sentence: str) -> None:
    print(f"casproxy {_COMMAND}: {sentence}", file=sys.stderr)
