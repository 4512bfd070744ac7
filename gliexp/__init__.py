"""gliexp: composed, checked and reproducible experiments for GLiNER and GLiClass models."""

__version__ = "0.1.0"
