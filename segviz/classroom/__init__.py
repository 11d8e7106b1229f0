"""Exercises that check themselves, and the library's source shown in a notebook."""

from .exercises import check, check_value
from .verdict import show_source

__all__ = ["check", "check_value", "show_source"]
