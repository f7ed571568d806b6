"""Assembly of a running proxy: composition, event loop and transports, reload and the end."""
