"""The tables about the health of servers."""

from proxy.model.health import HealthRules
from proxy.settings.health_schema import Health, SiteHealth
from proxy.settings.keys import keys_of
from proxy.settings.parse import parse
from proxy.settings.resolve import to_health, to_topology
from proxy.settings.terms import Table

HEAD = '[server]\ncertificate = "tls.pem"\n'
SITE = '[[sites]]\nname = "HQ"\ndefault = true\nservers = ["https://cas01.hq.example/owa"]\n'


def names(table: type[Table]) -> list[str]:
    """List the keys of a table."""
    return [key.name for key in keys_of(table)]


def test_a_site_may_say_all_of_it_for_itself():
    """Each key of `[health]`, and it says nothing by default."""
    assert names(SiteHealth) == names(Health)
    assert {key.default for key in keys_of(SiteHealth)} == {None}


def test_the_defaults_are_the_values_own():
    """Named once in the schema and once as a value, they are the same."""
    assert to_health(Health()) == HealthRules()
    assert names(Health) == list(HealthRules.__slots__)


def test_a_site_s_keys_stand_in_place_of_the_general_ones():
    """Key by key; what the site leaves out is as above."""
    text = f'{HEAD}[health]\npath = "/owa/"\nfall = 5\nexpect = "200"\n{SITE}'
    own = '[sites.health]\nfall = 1\nexpect = ["200-204", "401"]\nhold = "5s"\n'
    general, site = (to_topology(parse(each, {}, {}, "x"), {}).sites[0].health for each in (text, text + own))

    assert general == HealthRules(path="/owa/", fall=5, expect=((200, 200),))
    assert site == HealthRules(path="/owa/", fall=1, expect=((200, 204), (401, 401)), hold=5.0)


def test_a_site_can_be_left_unchecked():
    """An empty path of its own is not the general one."""
    text = f'{HEAD}[health]\npath = "/owa/"\n{SITE}[sites.health]\npath = ""\n'

    assert to_topology(parse(text, {}, {}, "x"), {}).sites[0].health.path == ""


def test_how_requests_are_spread_comes_from_the_site():
    """Both words, with today's way as the default."""
    sites = [
        to_topology(parse(HEAD + SITE + more, {}, {}, "x"), {}).sites[0]
        for more in ("", 'balance = "round_robin"\naffinity = "client"\n')
    ]

    assert [(site.balance, site.affinity) for site in sites] == [("ring", "session"), ("round_robin", "client")]
