"""Images with masks to learn from: painted scenes, or a folder of one's own photographs.

    scenes = Scenes(2000, first_seed=10_000)
    pets = OxfordPet("data", image_size=(128, 128), download=True)
    photographs = Folder("my_photos", ("grass", "path", "dog"), image_size=(120, 160))
    image, mask = photographs[0]        # uint8 (3, H, W), int64 (h, w)
    train, val = split(photographs)     # a fifth is kept for scoring
    print(check(photographs))           # everything that is wrong with them

A mask holds the labels 0..K-1 of the K classes, or 255 where a pixel has none ("void").
"""

from .augmentation import Augmented
from .balance import class_frequencies, median_frequency_weights
from .checking import Report, check
from .colours import colour, contact_sheet, overlay, picture
from .context import ContextScenes
from .dataset import IGNORE_INDEX, InMemory, SegmentationDataset
from .errors import DataError
from .folder import Folder
from .palettes import SCENE_PALETTE, distinct_colours
from .parts import Part, split
from .pixels import normalise
from .published import VOC, OxfordPet
from .scenes import Scenes, scene
from .writing import write_folder

__all__ = [
    "IGNORE_INDEX",
    "SCENE_PALETTE",
    "VOC",
    "Augmented",
    "ContextScenes",
    "DataError",
    "Folder",
    "InMemory",
    "OxfordPet",
    "Part",
    "Report",
    "Scenes",
    "SegmentationDataset",
    "check",
    "class_frequencies",
    "colour",
    "contact_sheet",
    "distinct_colours",
    "median_frequency_weights",
    "normalise",
    "overlay",
    "picture",
    "scene",
    "split",
    "write_folder",
]
