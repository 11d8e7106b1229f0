"""segviz: semantic segmentation, explained by pictures that compute with torch's own numbers.

`segviz.explain` opens the explainers, `segviz.conv_matrix` writes a convolution as a matrix,
`segviz.receptive_field` says what the units of a network see.
`segviz.data`, `segviz.models` and `segviz.training` train networks; `segviz.classroom` checks
exercises. Each is loaded when it is first used, so `import segviz` is quick.
"""

from importlib import import_module

from segviz.relations import conv_matrix

_ROOMS = ("classroom", "data", "explain", "fields", "models", "training")
_FROM_ROOMS = {"effective_receptive_field": "fields", "receptive_field": "fields"}

__all__ = ["conv_matrix", *_ROOMS, *_FROM_ROOMS]


def __getattr__(name: str):
    if name in _ROOMS:
        return import_module(f"segviz.{name}")
    if name in _FROM_ROOMS:
        return getattr(import_module(f"segviz.{_FROM_ROOMS[name]}"), name)
    raise AttributeError(f"module 'segviz' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_ROOMS, *_FROM_ROOMS])
