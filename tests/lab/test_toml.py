"""Tables survive being spelled as TOML."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from proxy.lab.toml import to_toml

LEAVES = (
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
)
TABLES = st.recursive(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8), LEAVES | st.lists(LEAVES, max_size=3)
    ),
    lambda inner: st.dictionaries(st.text(max_size=8, alphabet="ab- é"), inner | LEAVES | st.lists(inner, max_size=2)),
    max_leaves=10,
)


@given(TABLES)
def test_what_is_written_reads_the_same(tables):
    """Tomllib gives back exactly what went in."""
    assert tomllib.loads(to_toml(tables)) == tables
