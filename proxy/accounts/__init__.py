"""Accounts: who signs in and whether the password is right, from files and servers; names are read in `directory`."""
