"""What notebooks show: exercises that check themselves, the library's source, rows of pictures."""

from .exercises import check, check_value
from .pictures import show_maps, show_pictures
from .verdict import show_source

__all__ = ["check", "check_value", "show_maps", "show_pictures", "show_source"]
