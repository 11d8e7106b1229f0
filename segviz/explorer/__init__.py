"""The explorer: the one widget that shows any explainer."""

from segviz.explorer.explorer import Explorer

__all__ = ["Explorer"]
