"""The explainers as live explorers: `segviz.explain.transposed_convolution()` and its kin.

Each takes its parameters by name, starts at a sensible example without any, and returns an
`Explorer`: show it as the last value of a cell, set its parameters (`explorer.stride = 3`), or
`explorer.save("page.html")` it. ValueError, in a sentence, for whatever cannot be shown.
"""

import inspect

from segviz.explainers.aspp import ASPP
from segviz.explainers.atrous import ATROUS
from segviz.explainers.checkerboard import CHECKERBOARD
from segviz.explainers.convolution import CONVOLUTION_EXPLAINER
from segviz.explainers.dense_to_conv import DENSE_TO_CONV
from segviz.explainers.explainer import Explainer
from segviz.explainers.max_unpooling import MAX_UNPOOLING
from segviz.explainers.overlap_scores import OVERLAP_SCORES
from segviz.explainers.patches import PATCHES
from segviz.explainers.pixel_loss import PIXEL_LOSS
from segviz.explainers.receptive_field import RECEPTIVE_FIELD
from segviz.explainers.skips import SKIPS
from segviz.explainers.tasks import TASKS
from segviz.explainers.transposed_convolution import TRANSPOSED
from segviz.explainers.upsampling import UPSAMPLING
from segviz.explorer import Explorer


def opener(name: str, explainer: Explainer):
    """The function that opens this explainer: grids by place or name, parameters by name."""
    grids = [grid.name for grid in explainer.grids]

    def open_explorer(*numbers, **settings) -> Explorer:
        if len(numbers) > len(grids):
            raise TypeError(
                f"{name} takes {', '.join(grids) or 'nothing'} by place, all else by name."
            )
        given = dict(zip(grids, numbers, strict=False)) | settings
        return Explorer(explainer, **{key: v for key, v in given.items() if v is not None})

    open_explorer.__name__ = open_explorer.__qualname__ = name
    open_explorer.__doc__ = f"{explainer.about}\n\n{_told(explainer)}"
    open_explorer.__signature__ = _signature(explainer)
    return open_explorer


def _told(explainer: Explainer) -> str:
    """What may be given, for the documentation."""
    grids = [f"    {grid.name}: a grid of numbers, as rows." for grid in explainer.grids]
    pairs = {True: ", or a pair (rows, columns) of these", False: ""}
    told = [f"    {p.name}: {p.allowed()}{pairs[p.per_axis]}." for p in explainer.parameters]
    return "\n".join(["All optional:", *grids, *told])


def _signature(explainer: Explainer) -> inspect.Signature:
    def parameter(name, kind):
        return inspect.Parameter(name, kind, default=None)

    by_place = inspect.Parameter.POSITIONAL_OR_KEYWORD
    by_name = inspect.Parameter.KEYWORD_ONLY
    parameters = [parameter(grid.name, by_place) for grid in explainer.grids]
    parameters += [parameter(each.name, by_name) for each in explainer.parameters]
    return inspect.Signature(parameters, return_annotation=Explorer)


# In the order of the course.
EXPLAINERS: dict[str, Explainer] = {
    "tasks": TASKS,
    "patches": PATCHES,
    "dense_to_conv": DENSE_TO_CONV,
    "convolution": CONVOLUTION_EXPLAINER,
    "transposed_convolution": TRANSPOSED,
    "upsampling": UPSAMPLING,
    "max_unpooling": MAX_UNPOOLING,
    "checkerboard": CHECKERBOARD,
    "receptive_field": RECEPTIVE_FIELD,
    "atrous": ATROUS,
    "aspp": ASPP,
    "skips": SKIPS,
    "pixel_loss": PIXEL_LOSS,
    "overlap_scores": OVERLAP_SCORES,
}

tasks = opener("tasks", TASKS)
patches = opener("patches", PATCHES)
dense_to_conv = opener("dense_to_conv", DENSE_TO_CONV)
convolution = opener("convolution", CONVOLUTION_EXPLAINER)
transposed_convolution = opener("transposed_convolution", TRANSPOSED)
upsampling = opener("upsampling", UPSAMPLING)
max_unpooling = opener("max_unpooling", MAX_UNPOOLING)
checkerboard = opener("checkerboard", CHECKERBOARD)
receptive_field = opener("receptive_field", RECEPTIVE_FIELD)
atrous = opener("atrous", ATROUS)
aspp = opener("aspp", ASPP)
skips = opener("skips", SKIPS)
pixel_loss = opener("pixel_loss", PIXEL_LOSS)
overlap_scores = opener("overlap_scores", OVERLAP_SCORES)


def fields(model, image=None, *, layers=None, **settings) -> Explorer:
    """What the units of a network see of an image: the pixels that reach a unit, and how strongly.

    Drag through the layers, click a unit. The left picture is the theory (`receptive_field`), the
    right one the gradient of that unit (`effective_receptive_field`), with the network's own
    weights, in evaluation mode.

    model: a torch.nn.Module that takes an image; or a dict of up to three, {"name": module}, to be
        compared on the same image.
    image: an array (rows, columns, channels), a PIL image, or a tensor (channels, rows, columns).
        uint8 goes through `segviz.data.normalise`, other numbers to the network as they are. By
        default a photograph of 224×224 pixels.
    layers: names of the modules to show, as in the network's `named_modules()`, 13 at most.
    settings: layer (layer_1, layer_2 ... for several networks), its place in the list, from 0;
        row and column: 0 to 6, the place of the unit; scale: 'linear' or 'logarithmic'.

    TypeError, ValueError, KeyError: in a sentence, for what is not a network or an image, where the
    network does not run on the image, and for layers that it does not have.
    """
    from segviz.networks_explained.fields import fields_explainer  # needs torch

    return Explorer(fields_explainer(model, image, layers), **settings)
