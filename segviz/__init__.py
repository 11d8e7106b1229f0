"""segviz: semantic segmentation, explained by pictures that compute with torch's own numbers.

`segviz.explain` opens the explainers, `segviz.conv_matrix` writes a convolution as a matrix.
`segviz.data`, `segviz.models` and `segviz.training` train networks; `segviz.classroom` checks
exercises. Each is loaded when it is first used, so `import segviz` is quick.
"""

from importlib import import_module

from segviz.relations import conv_matrix

_ROOMS = ("classroom", "data", "explain", "models", "training")

__all__ = ["conv_matrix", *_ROOMS]


def __getattr__(name: str):
    if name in _ROOMS:
        return import_module(f"segviz.{name}")
    raise AttributeError(f"module 'segviz' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_ROOMS])
