"""Settings: from text, environment and flags to values; reading files is left to `service`."""
