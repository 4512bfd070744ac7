"""Searches with Optuna: which trials a study still lacks, and what is told of those that ended."""
