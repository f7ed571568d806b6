"""`casproxy explain user X`: who it is, what is decided and why, which server, its trust, and what would be sent."""

import json

import pytest

from proxy.accounts.file import read_users
from proxy.cli.main import main
from proxy.lab.toml import to_toml
from proxy.lab.topology import default_settings, place
from tests.admin_double import admin_listener
from tests.visitors import account, directory_settings, write_users

USERS = (
    account("alice", "HQ", groups=("Staff", "Mail"), addresses=("a.smith@mail.test",), display="Alice Smith"),
    account("bob", "Branch"),
    account("carol", "Remote"),
    account("dave", "Far"),
    account("erin", "HQ", version="8.3"),
    account("frank", None),
    account("grace", "Elsewhere"),
    account("heidi", "Empty"),
)
SITES = (
    {"name": "Remote", "external_url": "https://remote.example/owa", "redirect": "silent"},
    {"name": "Far", "external_url": "https://far.example/owa"},
    {"name": "Empty"},
)
KEYS = (
    "user mailbox request fault decision answered_here status location events "
    "server policy standing source sent headers"
)


@pytest.fixture
def explain(sites, tmp_path, capsys):
    """Give what runs the command with the lab's sites, users and a switch: its code, output and talk."""
    write_users(tmp_path, *USERS)

    def run(*words: str, allow: int = 0, admin: str = "127.0.0.1:1", compat: str = ""):
        tables = place(default_settings(), sites.places, allow)
        tables["server"] |= {"admin": admin, "state_dir": str(tmp_path / "state")}
        for table in tables["sites"]:
            for key in ("hosts", "paths", "default"):
                table.pop(key, None)
            table["own"] = table["name"] == "HQ"
        tables["sites"] += SITES
        if compat:
            tables["sites"][0]["compat"] = compat
        file = tmp_path / "casproxy.toml"
        file.write_text(f"{to_toml(tables)}\n{directory_settings(tmp_path)}")
        code = main(["explain", "user", *words, "--config", str(file)])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def told(explain):
    """Give code and answer in JSON."""

    def run(*words: str, **more):
        code, out, _ = explain(*words, "--json", **more)
        return code, json.loads(out)

    return run


def flat(text: str) -> str:
    """Undo the wrapping."""
    return " ".join(text.split())


def numbers(answer) -> list[int]:
    """Give the numbers of the events."""
    return [event["id"] for event in answer["events"]]


@pytest.mark.parametrize("name", ["LAB\\alice", "lab\\ALICE", "alice", "alice@lab.test", "A.Smith@mail.test"])
def test_every_spelling_is_the_same_user(told, name):
    """Who it is, where the mailbox is, and that the request passes."""
    code, answer = told(name)

    assert code == 0
    assert (answer["user"]["name"], answer["user"]["groups"]) == ("LAB\\alice", ["Staff", "Mail"])
    assert answer["mailbox"]["site"] == "HQ"
    assert (answer["decision"]["kind"], answer["server"]) == ("proxy", "cas03.hq.lab.localhost")
    assert answer["standing"]["verdict"]["trusted"] is True
    assert (answer["sent"], answer["events"]) == (True, [])


def test_in_words(explain):
    """One reads from top to bottom: identity, decision, policy with origins, verdict, what would be sent."""
    code, out, err = explain("alice", "--path", "/owa/?ae=Folder", "--host", "mail.example")

    assert (code, err) == (0, "")
    assert out.startswith("LAB\\alice\n")
    order = [
        "display Alice Smith",
        "addresses a.smith@mail.test",
        "groups Staff, Mail",
        "mailbox site HQ, version 14",
        "GET /owa/?ae=Folder on mail.example (owa)",
        "decision proxy",
        "because The mailbox is in our own site HQ.",
        "site HQ, policy enforce",
        "allow_internal_untrusted_certs = 0 # ",
        "server cas03.hq.lab.localhost",
        "verdict ✔ trusted, looked at now",
        "GET /owa/?ae=Folder HTTP/1.1 Host: cas03.hq.lab.localhost",
        "Forwarded: for=192.0.2.1;host=mail.example;proto=https",
        "X-CASProxy-Trust: trusted",
        "X-CASProxy-User: LAB\\alice",
        "X-CASProxy-Groups: Staff, Mail",
    ]
    places = [flat(out).find(each) for each in order]
    assert -1 not in places, order[places.index(-1)]
    assert places == sorted(places)


def test_a_user_without_a_security_identifier(explain, told):
    """Servers of Exchange 2010 could not be told of; the trust of the server does not change that."""
    code, answer = told("alice", compat="exchange2010")
    _, out, _ = explain("alice", compat="exchange2010")

    assert (code, answer["status"], numbers(answer), answer["sent"], answer["headers"]) == (1, 502, [71], False, [])
    assert "security identifier" in answer["fault"]
    assert "refused 502: cas03.hq.lab.localhost knows users by" in flat(out)


def test_nothing_secret_is_told(explain, tmp_path):
    """No hash, no key of the ring, no cookie, in neither form; and nothing is written anywhere."""
    before = sorted(tmp_path.rglob("*"))
    out = "".join(explain("dave", *form)[1] + explain("alice", *form)[1] for form in ((), ("--json",), ("--trace",)))
    secrets = [entry.password_hash for entry in read_users(tmp_path / "users.toml")]

    assert all(secrets)
    assert not [each for each in (*secrets, "argon2", (tmp_path / "session.keys").read_text().strip()) if each in out]
    assert "__Host-" not in out
    assert sorted(tmp_path.rglob("*")) == sorted([*before, tmp_path / "casproxy.toml"])


@pytest.mark.parametrize(
    ("words", "code", "kind", "answer"),
    [
        (["carol"], 0, "redirect silent", (302, "https://remote.example/owa/")),
        (["carol", "--path", "/owa/?ae=Folder"], 0, "redirect silent", (302, "https://remote.example/owa/")),
        (["dave"], 0, "redirect manual", (200, "https://far.example/owa/")),
        (["dave", "--path", "/ecp/x"], 0, "redirect manual", (200, "https://far.example/ecp/x")),
        (["carol", "--host", "remote.example"], 1, "refuse", (502, "")),
        (
            ["carol", "--path", "/Microsoft-Server-ActiveSync"],
            0,
            "activesync 451",
            (451, "https://remote.example/Microsoft-Server-ActiveSync"),
        ),
        (["alice", "--path", "/exchange/"], 0, "redirect", (302, "/owa/")),
        (["alice", "--path", "/rpc/x"], 1, "refuse", (501, "")),
        (["frank"], 1, "refuse", (404, "")),
    ],
)
def test_who_does_not_go_to_a_server(told, words, code, kind, answer):
    """Redirected is 0, refused is 1; the address is the one the answer would have; nothing is sent."""
    found, said = told(*words)

    assert (found, said["decision"]["kind"], (said["status"], said["location"])) == (code, kind, answer)
    assert (said["server"], said["standing"], said["headers"]) == (None, None, [])


@pytest.mark.parametrize(
    ("words", "events"),
    [
        (["grace"], [41]),
        (["grace", "--path", "/ecp/"], [22]),
        (["heidi"], [81]),
        (["erin"], [90]),
        (["bob"], [43]),
        (["bob", "--path", "/ecp/"], [43, 26]),
    ],
)
def test_a_refusal_has_its_event(told, words, events):
    """The numbers that the proxy would write, the Control Panel's under /ecp."""
    code, answer = told(*words)

    assert (code, numbers(answer), answer["headers"]) == (1, events, [])


def test_under_1_it_is_sent_and_still_not_trusted(explain, told):
    """The answer to "would it work under 0" stays no; what is sent today is shown."""
    code, answer = told("bob", allow=1)
    _, out, _ = explain("bob", allow=1)

    assert (code, answer["sent"], numbers(answer)) == (1, True, [1043])
    assert "X-CASProxy-Trust: allowed" in answer["headers"]
    assert "The switch is 1: the request is sent all the same." in flat(out)
    assert "verdict ✖ self_signed" in flat(out)


def test_a_running_proxy_is_asked(told):
    """Its word counts for the server that is tried first; a fault there is "could not find out"."""
    verdict = {"trusted": True, "reason": "", "findings": []}
    standing = {"site": "Branch", "server": "cas02.branch.lab.localhost", "fault": "", "verdict": verdict}
    for fault, expected in (("", 0), ("It does not answer.", 3)):
        body = json.dumps({"verdicts": [{**standing, "fault": fault}]}).encode()
        with admin_listener(200, body) as (address, _):
            code, answer = told("bob", admin=address)

        assert (code, answer["source"]) == (expected, f"as the proxy at {address} saw them last")


def test_the_trace_tells_every_rule(explain, told):
    """Each rule with its answer, each server with what it fails by; without --trace the log is left out."""
    _, out, _ = explain("bob", "--trace")

    assert "rule mailbox: The user has a mailbox." in flat(out)
    assert "rule candidate: https://cas02.branch.lab.localhost/owa: It fits." in flat(out)
    assert told("bob", "--trace")[1]["decision"]["log"][-1]["rule"] == "proxy"
    assert told("bob")[1]["decision"]["log"] is None


def test_pages_of_the_sign_in_are_no_backends(explain, told):
    """Whatever the rules say of the mailbox, this proxy answers them itself."""
    for user in ("alice", "carol"):
        code, answer = told(user, "--path", "/owa/auth/logon.aspx")

        assert (code, answer["answered_here"], answer["status"], answer["location"]) == (0, True, 200, "")
    assert "answered here, 200: sign-in form" in flat(explain("alice", "--path", "/owa/auth/logon.aspx")[1])


@pytest.mark.parametrize("path", ["/owa/..%2fecp/", "/owa;x/", "no-slash", "/a b", "/x\r\nHost: evil"])
def test_a_path_that_is_refused(explain, told, path):
    """As from a browser: 400, exit code 1, and the reason."""
    code, answer = told("alice", "--path", path)

    assert (code, answer["status"], answer["decision"], answer["headers"]) == (1, 400, None, [])
    assert "refused 400: " in flat(explain("alice", "--path", path)[1])


@pytest.mark.parametrize("words", [["alice"], ["frank"], ["bob", "--path", "/owa;x/"]])
def test_the_keys_are_always_there(told, words):
    """Programs find the same keys, whatever happens."""
    assert list(told(*words)[1]) == KEYS.split()


def test_an_unknown_user(explain):
    """2 and a sentence that is safe to print."""
    code, out, err = explain("mallory\x1b[31m")

    assert (code, out) == (2, "")
    assert "there is no user" in err
    assert "\x1b" not in err


def test_where_nobody_signs_in(sites, tmp_path, capsys):
    """2: sites are chosen by host and path there."""
    code = main(["explain", "user", "alice", "--config", sites.settings(tmp_path / "lab.toml")])

    assert code == 2
    assert 'directory.provider is "none"' in capsys.readouterr().err


def test_without_settings(monkeypatch, capsys):
    """2 and how to name them."""
    monkeypatch.delenv("CASPROXY_CONFIG", raising=False)

    assert main(["explain", "user", "alice"]) == 2
    assert "--config" in capsys.readouterr().err
