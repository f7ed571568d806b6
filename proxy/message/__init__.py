"""Decide what an HTTP/1.1 message is, what is refused, how it is written anew; moving bytes is left to `relay`."""
