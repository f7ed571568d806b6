"""`casproxy trust show|set|reset` against the real admin listener."""

import json

import pytest

from proxy.cli.main import main


@pytest.mark.usefixtures("admin")
def test_show_tells_the_switch_and_who_set_it(capsys):
    """A line a site, in columns, and the default for all others."""
    assert main(["trust", "show"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "                  allow_internal_untrusted_certs",
        "HQ                1  default",
        "Branch            0  sites.Branch.trust",
        "Partner           1  default",
        "every other site  1  default",
    ]


@pytest.mark.usefixtures("admin")
def test_show_one_site(capsys):
    """In any case of its name; for programs, too."""
    assert main(["trust", "show", "--site", "branch"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["Branch  0  sites.Branch.trust"]
    assert main(["trust", "show", "--site", "branch", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(each["site"], each["allow_internal_untrusted_certs"]) for each in told["sites"]] == [("Branch", 0)]
    assert told["default"]["run_time"] is False


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize(("site", "words"), [("Brunch", "Did you mean Branch?"), ("\x1b", "There are HQ, Branch")])
def test_show_an_unknown_site(site, words, capsys):
    """3 with the nearest name."""
    assert main(["trust", "show", "--site", site]) == 3
    err = capsys.readouterr().err
    assert words in err
    assert "\x1b" not in err


def test_set_one_site(admin, capsys):
    """It is turned, told with where it came from, and how long it holds is said beside the answer."""
    assert main(["trust", "set", "--site", "Branch", "1"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "Branch: allow_internal_untrusted_certs 0 → 1 (sites.Branch.trust → admin API).",
        "1 idle connection closed.",
    ]
    assert "It holds until `casproxy trust reset`" in err
    assert admin.state.calls == ["set_trust Branch 1"]


def test_set_everywhere_and_back(admin, capsys):
    """Without a site all are turned and the default; `reset` takes every turn back."""
    assert main(["trust", "set", "0"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "HQ: allow_internal_untrusted_certs 1 → 0 (default → admin API)."
    assert told[1] == "Branch: allow_internal_untrusted_certs stays 0 (sites.Branch.trust → admin API)."
    assert told[3:] == [
        "every other site: allow_internal_untrusted_certs 1 → 0 (default → admin API).",
        "4 idle connections closed.",
    ]
    assert main(["trust", "reset"]) == 0
    out, err = capsys.readouterr()
    assert ("HQ: allow_internal_untrusted_certs 0 → 1 (admin API → default)." in out, err) == (True, "")
    assert admin.state.calls == ["set_trust None 0", "set_trust None None"]


@pytest.mark.usefixtures("admin")
def test_nothing_to_do_is_said(capsys):
    """To take back what nobody turned is no mistake."""
    assert main(["trust", "reset", "--site", "HQ"]) == 0
    assert capsys.readouterr() == ("Nothing changes: the switch stands like that already.\n", "")


@pytest.mark.usefixtures("admin")
def test_set_for_programs_and_quietly(capsys):
    """`--json` gives the proxy's answer, `-q` nothing."""
    assert main(["trust", "set", "0", "--site", "HQ", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["changes"][0]["after"] == 0
    assert main(["trust", "set", "1", "--site", "HQ", "-q"]) == 0
    assert (err, capsys.readouterr()) == ("", ("", ""))


@pytest.mark.parametrize(
    ("words", "change", "no"),
    [
        (["set", "0", "--site", "X"], {}, (3, "casproxy trust set: There is no site X. Name one of HQ")),
        (["set", "0"], {"takes_restart": True}, (1, "casproxy trust set: The switch takes a restart.")),
        (["reset"], {"token": ""}, (3, "Set server.admin_token_file")),
        (["show"], {"guarded_reads": True, "token": "other"}, (3, "casproxy trust show: ")),
        (["set", "2"], {}, (2, "invalid choice: 2")),
        (["set"], {}, (2, "required: value")),
    ],
)
def test_every_no(admin, words, change, no, capsys):
    """Each has its exit code and its sentence, and nothing on standard output."""
    for name, value in change.items():
        setattr(admin.state, name, value)

    code, told = no
    assert main(["trust", *words]) == code
    out, err = capsys.readouterr()
    assert (out, told in err) == ("", True)
