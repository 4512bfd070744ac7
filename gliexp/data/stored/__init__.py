"""Rows in columns: blocks of Arrow that lie in memory or are mapped from a file, one copy for all processes."""
