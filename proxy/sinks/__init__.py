"""Where events and access lines go; what they say is decided in `events`."""
