"""Which servers are worth trying: hold times and a ring's order, as values; trying them is left to `relay`."""
