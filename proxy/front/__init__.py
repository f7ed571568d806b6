"""The browser's side: listening sockets, certificates by name, and the protocol spoken on each connection."""
