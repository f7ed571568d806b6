"""Reads Prometheus' text format back, by the library's own parser."""

from prometheus_client.parser import text_string_to_metric_families

Samples = dict[tuple[str, ...], float]
"""Name and labels, `name=value` in the order of their names, to value."""


def read_samples(text: bytes) -> Samples:
    """Give every sample."""
    return {
        (sample.name, *(f"{name}={value}" for name, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }
