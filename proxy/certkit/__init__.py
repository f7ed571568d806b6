"""Makes authorities, leaves, deliberately bad chains and the lab's store; judging them is left to others."""

from proxy.certkit.authority import Authority, self_signed
from proxy.certkit.faults import FAULTS, Fault
from proxy.certkit.leaf import Leaf

__all__ = ["FAULTS", "Authority", "Fault", "Leaf", "self_signed"]
