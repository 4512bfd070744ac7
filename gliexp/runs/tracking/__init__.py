"""Experiment trackers: what a run reports while it trains and when it ends; none that fails ends the run."""
