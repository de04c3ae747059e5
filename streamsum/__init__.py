"""Summaries that arrive one validated bullet at a time, while the model is still writing."""

__version__ = "0.1.0"
