"""The maps of FCN-32s, FCN-16s and FCN-8s, their scores being the truth itself, coarsened.

(Long, Shelhamer and Darrell 2015, "Fully Convolutional Networks for Semantic Segmentation", section
4.2 and figure 3.)

A score is how many percent of a cell's pixels belong to the class. All shares here are fractions of
powers of two, so the arithmetic is exact, and a tie is a tie.
"""

from functools import cached_property, lru_cache

import numpy as np

from segviz.explainers.example_scene import CLASSES, example_scene
from segviz.relations import Relation, bilinear, confusion, iou, mean_over_classes, nearest, regions

STRIDES = {"FCN-32s": (32,), "FCN-16s": (32, 16), "FCN-8s": (32, 16, 8)}
UPSAMPLING = {"bilinear": bilinear, "nearest": nearest}
BLOCK = 4  # pixels of the prediction to a cell that can be pointed at
IGNORE_INDEX = 255  # no pixel of the scene has it


class Net:
    """One of the nets, with one way of upsampling.

    truth: integers (rows, columns), labels of CLASSES; the sides are multiples of 32.
    strides: of its maps, the coarsest first. Maps are float arrays (classes, rows, columns).
    """

    def __init__(self, name: str, upsampling: str, truth: np.ndarray):
        self.name, self.strides, self.truth = name, STRIDES[name], truth
        self._upsampling = UPSAMPLING[upsampling]

    @cached_property
    def scores(self) -> dict[int, np.ndarray]:
        """stride -> the scores there, before anything is added."""
        return {stride: _scores(self.truth, stride) for stride in self.strides}

    def enlarged(self, stride: int) -> Relation:
        """The taps from the map of twice that stride."""
        rows, columns = (side // stride for side in self.truth.shape)
        return self._upsampling((rows // 2, columns // 2), (rows, columns))

    @cached_property
    def fused(self) -> dict[int, np.ndarray]:
        """stride -> the map there: its scores, and the coarser map upsampled and added."""
        coarsest, *finer = self.strides
        maps = {coarsest: self.scores[coarsest]}
        for stride in finer:
            taps = self.enlarged(stride)
            coarser = maps[2 * stride]
            maps[stride] = self.scores[stride] + np.stack([taps.apply(each) for each in coarser])
        return maps

    @cached_property
    def last(self) -> Relation:
        """The taps from the finest map to the pixels."""
        finest = self.strides[-1]
        rows, columns = self.truth.shape
        return self._upsampling((rows // finest, columns // finest), (rows, columns))

    @cached_property
    def prediction(self) -> np.ndarray:
        """The class with the largest score at every pixel, integers (rows, columns)."""
        maps = self.fused[self.strides[-1]]
        return np.stack([self.last.apply(each) for each in maps]).argmax(0)

    @cached_property
    def confusion(self) -> np.ndarray:
        """C[t, p]: how many pixels of class t are predicted as p."""
        return confusion(self.prediction, self.truth, len(CLASSES), IGNORE_INDEX)

    @property
    def iou(self) -> np.ndarray:
        """Of every class, NaN for one that is nowhere."""
        return iou(self.confusion)

    @property
    def mean_iou(self) -> float:
        return float(mean_over_classes(self.iou))

    @cached_property
    def wrong(self) -> np.ndarray:
        """Which pixels are wrong, bool (rows, columns)."""
        return self.prediction != self.truth

    @cached_property
    def paths(self) -> Relation:
        """From the blocks of the prediction back to every map: grids block, and map_32, map_16 and
        map_8 as far as the net has them."""
        axes = []
        for axis in (0, 1):
            last = self.last.axes[axis]
            pairs = np.unique(np.stack([last["output"] // BLOCK, last["input"]]), axis=1)
            path = {"block": pairs[0], f"map_{self.strides[-1]}": pairs[1]}
            for stride in self.strides[:0:-1]:
                taps = self.enlarged(stride).axes[axis]
                on, tap = np.nonzero(path[f"map_{stride}"][:, None] == taps["output"])
                path = {name: cells[on] for name, cells in path.items()}
                path[f"map_{2 * stride}"] = taps["input"][tap]
            axes.append(path)
        rows, columns = self.truth.shape
        sizes = {"block": (rows // BLOCK, columns // BLOCK)}
        sizes |= {f"map_{stride}": (rows // stride, columns // stride) for stride in self.strides}
        return Relation(sizes, tuple(axes))


def _scores(truth: np.ndarray, stride: int) -> np.ndarray:
    taps = regions(truth, len(CLASSES), stride)
    scores = np.zeros((len(CLASSES), *taps.sizes["input"]))
    flat = scores.reshape(len(CLASSES), -1)
    flat[taps.column("output"), taps.column("input")] = 100 * taps.weight() / stride**2
    return scores


@lru_cache(maxsize=6)
def net_of(name: str, upsampling: str) -> Net:
    """The net of this name on the scene, its maps computed once."""
    return Net(name, upsampling, example_scene().mask)
