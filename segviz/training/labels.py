"""What the pixels of a mask may hold."""

from torch import Tensor

from segviz.data import IGNORE_INDEX


def check_labels(masks: Tensor, num_classes: int, ignore_index: int = IGNORE_INDEX) -> None:
    """Raise ValueError if ``masks`` hold a label that is neither a class nor ``ignore_index``.

    On a GPU a wrong label would stop the whole process at a later, unrelated line, so every batch
    is looked at before it is used.
    """
    wrong = ((masks < 0) | (masks >= num_classes)) & (masks != ignore_index)
    if wrong.any().item():
        found = masks[wrong].unique().tolist()
        listed = ", ".join(str(label) for label in found[:8]) + (", ..." if len(found) > 8 else "")
        raise ValueError(
            f"The masks hold the label{'s' * (len(found) > 1)} {listed}, but there are "
            f"{num_classes} classes: 0 to {num_classes - 1} are allowed, and {ignore_index} for "
            f"pixels to ignore. Name more classes, or declare the label void."
        )


def check_predicted(predicted: Tensor, num_classes: int) -> None:
    """Raise ValueError if a prediction holds anything but the labels ``0 .. num_classes - 1``."""
    if ((predicted < 0) | (predicted >= num_classes)).any().item():
        raise ValueError(
            f"The prediction holds labels from {predicted.min().item()} to "
            f"{predicted.max().item()}, but there are {num_classes} classes: 0 to "
            f"{num_classes - 1} are allowed. Take logits.argmax(1), one label for each pixel."
        )
