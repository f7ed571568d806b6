"""Which statuses a check expects."""

import pytest

from proxy.model.health import HealthRules


@pytest.mark.parametrize(("status", "fine"), [(199, False), (200, True), (242, True), (399, True), (400, False)])
def test_what_is_expected_unless_told_otherwise(status, fine):
    """Every success, and redirects: a logon page is a sign of life."""
    assert HealthRules().is_expected(status) is fine


def test_a_site_may_expect_others():
    """Single ones and ranges, bounds included."""
    rules = HealthRules(expect=((200, 200), (401, 403)))

    assert [status for status in range(100, 600) if rules.is_expected(status)] == [200, 401, 402, 403]
