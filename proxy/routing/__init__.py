"""Decide which site a request goes to; finding out what the request is, is left to `message`."""
