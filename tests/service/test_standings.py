"""What is known of a server, as JSON would hold it."""

import json
from datetime import UTC, datetime

from proxy.errors import UpstreamUnreachable
from proxy.model.limits import Timeouts
from proxy.model.sites import TrustPolicy
from proxy.model.verdict import Verdict
from proxy.service.standings import to_plain_standing
from proxy.trust.changes import Known
from proxy.upstream.monitor import Standing, Watched
from proxy.upstream.probe import Probe
from tests.fakes import make_server

AT = datetime(2026, 6, 1, tzinfo=UTC)
WATCHED = Watched(make_server(), TrustPolicy(allow_untrusted=False, source="sites.Branch.trust"), Timeouts())


def test_before_the_first_look():
    """Server and policy are known, the rest is null or empty."""
    plain = to_plain_standing(Standing(WATCHED, 0.0))

    assert (plain["site"], plain["policy"], plain["policy_source"]) == ("Branch", "enforce", "sites.Branch.trust")
    assert (plain["looked_at"], plain["verdict"], plain["fault"]) == (None, None, "")


def test_an_older_verdict_stands_beside_a_fault():
    """A look that found nothing out does not take away what was known."""
    fault = UpstreamUnreachable("Branch", "cas02.branch.test", "It does not answer.")
    verdict = Verdict(trusted=True, name="cas02.branch.test", at=AT)
    plain = to_plain_standing(Standing(WATCHED, 0.0, Probe(make_server(), AT, fault=fault), Known(verdict)))

    assert json.loads(json.dumps(plain)) == plain
    assert (plain["fault"], plain["verdict"]["trusted"]) == ("It does not answer.", True)
    assert plain["looked_at"] == "2026-06-01T00:00:00+00:00"
