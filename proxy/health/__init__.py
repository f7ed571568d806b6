"""Which servers of a site work, and where requests begin, as values; asking and trying them is left to others."""
