"""Train a network, score it, look at its answers.

:func:`fit` yields one :class:`Record` per epoch and knows nothing of plots;
:func:`segviz.training.live.watch` draws the records while they come. From a shell the same is
``python -m segviz.training``.
"""

from .boundary import BoundaryScores
from .devices import pick_device
from .divergence import DivergenceError
from .export import export_onnx, export_program
from .failures import Failures, analyse
from .fit import fit
from .folder_prediction import predict_folder
from .gallery import picture_rows
from .labels import check_labels
from .losses import cross_entropy, cross_entropy_and_dice, dice_loss, focal_loss
from .prediction import evaluate, predict, resize_logits
from .records import Record
from .scores import Scores, confusion_matrix
from .trained import NetworkFacts, build_network, load_network, save_network
from .windows import flipped_logits, sliding_logits

__all__ = [
    "BoundaryScores",
    "DivergenceError",
    "Failures",
    "NetworkFacts",
    "Record",
    "Scores",
    "analyse",
    "build_network",
    "check_labels",
    "confusion_matrix",
    "cross_entropy",
    "cross_entropy_and_dice",
    "dice_loss",
    "evaluate",
    "export_onnx",
    "export_program",
    "fit",
    "flipped_logits",
    "focal_loss",
    "load_network",
    "pick_device",
    "picture_rows",
    "predict",
    "predict_folder",
    "resize_logits",
    "save_network",
    "sliding_logits",
]
