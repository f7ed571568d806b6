"""What can happen, as a table, and how a happening is written; putting it anywhere is left to `sinks`."""
