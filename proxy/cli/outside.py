"""Settings for a proxy that is no lab: the lab's users, whose passwords everybody knows, are refused."""

from collections.abc import Mapping

from proxy.lab.users import is_of_lab
from proxy.service.load import Loaded, load
from proxy.settings.problems import Problem, SettingsInvalid

_KEY = "directory.users_file"


def load_outside(path: str, environment: Mapping[str, str], flags: Mapping[str, object]) -> Loaded:
    """Read settings and every file that they name.

    Raises: SettingsInvalid with every problem, and for a users file that `casproxy lab` has written.
    """
    loaded = load(path, environment, flags)
    directory = loaded.settings.directory
    if directory.provider == "file" and is_of_lab(directory.users_file):
        sentence = "These are the users of `casproxy lab`: each password is the user's name."
        cure = "Name a users file of your own; `casproxy users add` makes one."
        origin = loaded.origins[_KEY]
        raise SettingsInvalid([Problem(path=_KEY, name=_KEY, origin=origin, sentence=sentence, suggestion=cure)])
    return loaded
