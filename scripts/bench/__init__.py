"""Training beside the stock libraries' own loops, by turns; scripts/benchmark_training.py is the command."""
