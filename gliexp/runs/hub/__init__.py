"""The Hugging Face Hub: what a run leaves there, uploaded beside training and never at the run's cost."""
