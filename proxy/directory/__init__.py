"""Directory: who may sign in and by which names, from text to values; checking passwords is left to `accounts`."""
