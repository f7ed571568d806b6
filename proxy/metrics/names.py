"""Every metric there is, in one table; counting is left to `meter`, writing them out to `expose`.

To add one, add a row here and let `meter` or `gauges` give its values; README's section "Metrics" names each.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

Labels = tuple[str, ...]
"""Values of a metric's labels, in the order of the table."""
Value = float | list[float]
"""A number; of a histogram the count of each bucket, the one without bound last, and then the sum."""
Snapshot = dict[str, dict[Labels, Value]]
"""Name to labels to value: plain, picklable, without what is zero."""


class Kind(Enum):
    """What a metric is to Prometheus."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Metric(NamedTuple):
    """One row."""

    kind: Kind
    """What it is."""
    labels: tuple[str, ...]
    """Names of its labels."""
    words: str
    """What it tells, one sentence."""


BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of every histogram, seconds; from a cached answer to a long poll."""

BUILD = "casproxy_build_info"
RELOAD_OK = "casproxy_config_last_reload_successful"
RELOADED_AT = "casproxy_config_last_reload_success_timestamp_seconds"
CONFIG_HASH = "casproxy_config_hash_info"
REQUESTS = "casproxy_requests_total"
DURATION = "casproxy_request_duration_seconds"
IN_FLIGHT = "casproxy_requests_in_flight"
REDIRECTS = "casproxy_redirects_total"
SIGN_INS = "casproxy_sign_ins_total"
UPSTREAM_REQUESTS = "casproxy_upstream_requests_total"
UPSTREAM_DURATION = "casproxy_upstream_request_duration_seconds"
HEALTHY = "casproxy_upstream_healthy"
HANDSHAKES = "casproxy_upstream_tls_handshakes_total"
TRUST_FAILURES = "casproxy_upstream_tls_trust_failures_total"
TRUSTED = "casproxy_upstream_trusted"
NOT_AFTER = "casproxy_upstream_certificate_not_after_timestamp_seconds"
POLICY = "casproxy_trust_policy_info"
EVENTS = "casproxy_events_total"
LOST = "casproxy_log_records_lost_total"

_COUNTER, _GAUGE, _HISTOGRAM = Kind
_SERVER = ("site", "server")

METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        BUILD: Metric(_GAUGE, ("version", "python", "openssl"), "Always 1; what runs."),
        RELOAD_OK: Metric(_GAUGE, (), "Whether the settings that were read last are in force."),
        RELOADED_AT: Metric(_GAUGE, (), "When the settings in force were read, seconds since 1970."),
        CONFIG_HASH: Metric(_GAUGE, ("hash",), "Always 1; SHA-256 of the settings in force."),
        REQUESTS: Metric(_COUNTER, ("site", "method", "code"), "Requests answered, by the status sent."),
        DURATION: Metric(_HISTOGRAM, ("site",), "From a request's head to the last byte of its answer."),
        IN_FLIGHT: Metric(_GAUGE, (), "Requests that are being answered."),
        REDIRECTS: Metric(_COUNTER, ("site",), "Users sent to the site's own address instead of being proxied."),
        SIGN_INS: Metric(_COUNTER, ("outcome",), "Sign-in forms, by what came of them."),
        UPSTREAM_REQUESTS: Metric(
            _COUNTER, (*_SERVER, "code"), 'Requests by the server asked last and its answer; "none": it gave none.'
        ),
        UPSTREAM_DURATION: Metric(
            _HISTOGRAM, _SERVER, "From a request's head on its way to the server to the head of its answer."
        ),
        HEALTHY: Metric(_GAUGE, _SERVER, "Whether requests are sent to the server."),
        HANDSHAKES: Metric(
            _COUNTER, (*_SERVER, "outcome"), "TLS handshakes of requests with servers, by how they ended."
        ),
        TRUST_FAILURES: Metric(
            _COUNTER, (*_SERVER, "reason"), "Verifications of a server's certificate that failed, whatever the switch."
        ),
        TRUSTED: Metric(_GAUGE, _SERVER, "Whether the server's certificate was trusted when it was looked at last."),
        NOT_AFTER: Metric(
            _GAUGE,
            (*_SERVER, "position"),
            "End of validity of each certificate the server presented last, its own at position 0.",
        ),
        POLICY: Metric(_GAUGE, ("site", "policy", "source"), "Always 1; the switch in force and where it was set."),
        EVENTS: Metric(_COUNTER, ("event_id",), "Events, by their number."),
        LOST: Metric(_COUNTER, ("sink",), "Events and access lines that a sink could not write."),
    }
)
"""In the order in which they are written out."""


def empty_histogram() -> list[float]:
    """Make a histogram that holds nothing."""
    return [0] * (len(BUCKETS) + 1) + [0.0]
