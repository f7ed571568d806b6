"""The admin listener: what an operator's tools ask. On loopback unless the settings say otherwise."""
