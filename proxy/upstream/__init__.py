"""Connections to backend servers: dialling, trust, pooling and the protocol spoken on them."""
