"""An HTTPS reverse proxy that plays the Internet-facing Client Access server of an Exchange 2010 organisation.

The rooms under this package stand on floors and import downward only; README, "Map of the house", draws them.
"""

__version__ = "0.1.0"
