"""Pages that we write ourselves: errors and redirects; sending them is left to who asked for them."""
