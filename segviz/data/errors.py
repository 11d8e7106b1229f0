"""The one exception of this room."""


class DataError(ValueError):
    """Something about the data is wrong; the message says which file, what, and what to do."""
