"""Offers `model.clean` under the name by which this room's readers know it; cleaning itself is left to that module."""

from proxy.model.clean import MAX_TEXT, clean_text

__all__ = ["MAX_TEXT", "clean_text"]
