"""Exercises of notebook 15: functions to be mended, from `broken`, checked against `mended`."""

import ast
import inspect
import textwrap

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from segviz.classroom import check, exercise, show_source
from segviz.classroom.verdict import Verdict, name_of, show
from segviz.relations import iou, mean_over_classes
from segviz.training import confusion_matrix

from . import broken, mended


def find_the_bug(stub, name, *cases, hints, mistakes, **options):
    """`check` for a stub that is broken code: not attempted as long as its code is unchanged."""
    reference, as_it_was = getattr(mended, name), getattr(broken, name)
    if same_code(stub, as_it_was):
        home = name_of(reference)
        sentence = f"Not attempted yet: this is the code as it was. {home} stands in for it."
        show(Verdict("open", sentence, (), tuple(hints), show_source(reference).code))
        return reference
    told = {"It still gives the same as before: the bug is elsewhere.": as_it_was}
    return check(stub, reference, *cases, hints=hints, mistakes=told | mistakes, **options)


def same_code(one, other):
    """Whether two functions are written alike; comments and layout do not matter.

    (Not their bytecode: that depends on whether the imports stand in the same cell.)
    """
    try:
        return parsed(one) == parsed(other)
    except (OSError, TypeError, SyntaxError):  # no source to read, or a lambda amid other code
        return False


def parsed(function):
    return ast.dump(ast.parse(textwrap.dedent(inspect.getsource(function))))


@exercise("15.1")
def masks_of_another_size(stub):
    """resize_mask(mask, size)"""

    def rounded(mask, size):
        return F.interpolate(mask[None, None].float(), size=size, mode="bilinear")[0, 0].round()

    mask = torch.tensor([[0, 0, 5, 5, 5], [0, 2, 2, 5, 5], [4, 4, 0, 0, 1]])
    return find_the_bug(
        stub,
        "resize_mask",
        # Twice as many: here every kind of nearest neighbour gives the same.
        (mask, (6, 5)),
        (mask, (3, 10)),
        (mask.T.contiguous(), (10, 6)),
        hints=[
            "Halfway between background (0) and pole (5) lies 2.5. Which class is that, and why is"
            " there anything halfway at all?",
            "Bilinear takes means, and labels are names, which have no mean. The new pixel must be"
            ' a copy of an old one: mode="nearest".',
        ],
        mistakes={
            "Half mended: rounded, the means are whole numbers again, but still labels of classes "
            "that nobody drew there.": rounded,
        },
    )


@exercise("15.2")
def trimap_from_one(stub):
    """load_trimap(trimap)"""

    def clamped(trimap):
        return torch.from_numpy(trimap).long().clamp(max=2)

    def wrapped(trimap):
        return torch.from_numpy(trimap).long() % 3

    def border_to_void(trimap):
        labels = torch.from_numpy(trimap).long()
        return torch.where(labels == 3, 255, labels)

    trimap = np.array([[2, 2, 3, 2], [2, 3, 1, 3], [2, 2, 3, 3]], np.uint8)
    return find_the_bug(
        stub,
        "load_trimap",
        (trimap,),
        (np.array([[1, 1], [3, 2], [2, 1]], np.uint8),),
        hints=[
            "Print load_trimap(trimap).unique(), and read the docstring again: which number stands"
            " for the pet in the file, and which in the labels?",
            "The file counts from 1, the labels count from 0: subtract 1 from all of them.",
        ],
        mistakes={
            "Half mended: the error is gone, but background and border are one class now, and "
            "pets are still called background.": clamped,
            "Half mended: the error is gone, but every class has the name of another one.": wrapped,
            "Half mended: void is a good use for the border, but pets are still called "
            "background, and background border.": border_to_void,
        },
    )


@exercise("15.3")
def void_counted(stub):
    """loss_with_void(logits, masks)"""

    def over_all_pixels(logits, masks):
        labelled = masks != 255
        each = F.cross_entropy(logits, masks * labelled, reduction="none")
        return (each * labelled).mean()

    def zeroed_scores(logits, masks):
        labelled = masks != 255
        return F.cross_entropy(logits * labelled[:, None], masks * labelled)

    logits = torch.tensor([[[1, 2, 0], [0, -1, 3]], [[2, 0, 1], [1, 4, -2]]]).float()
    mask = torch.tensor([[0, 255, 1], [1, 255, 255]])
    return find_the_bug(
        stub,
        "loss_with_void",
        (logits[None], mask[None]),
        (torch.stack([logits, -logits]), torch.stack([mask, mask.flip(0, 1)])),
        (logits[None], mask[None] % 2),  # nothing void
        hints=[
            "What does the loss demand of a network at a pixel of which nobody knows what it is?",
            "Void pixels must not be in the sum, nor in the number that it is divided by."
            " F.cross_entropy leaves out all pixels with the label ignore_index.",
        ],
        mistakes={
            "Half mended: void pixels add nothing to the sum, but they are still counted in the "
            "mean. The more void an image has, the less it weighs.": over_all_pixels,
            "Half mended: the scores at void pixels are gone, but the loss still counts these "
            "pixels, each with log K.": zeroed_scores,
        },
    )


@exercise("15.4")
def dice_above_one(stub):
    """dice(probabilities, mask)"""

    def capped(probabilities, mask):
        return broken.dice(probabilities, mask).clamp(max=1)

    def answer_divided(probabilities, mask):
        return broken.dice(probabilities, mask) / 255

    def only_below(probabilities, mask):
        return 2 * (probabilities * mask).sum() / (probabilities.sum() + mask.sum() / 255)

    draw = torch.Generator().manual_seed(4)
    wide, tall = (torch.rand(size, generator=draw) for size in ((3, 5), (4, 2)))
    return find_the_bug(
        stub,
        "dice",
        (wide, ((wide > 0.4) * 255).byte()),
        (tall, ((tall < 0.7) * 255).byte()),
        (wide, torch.zeros(3, 5, dtype=torch.uint8)),
        hints=[
            "Print mask.unique(). What does the formula take a pixel of the thing to be?",
            "t in 2 sum(t p) / (sum t + sum p) is 0 or 1; here it is 0 or 255."
            " Divide the mask by 255 before anything else is done with it.",
        ],
        mistakes={
            "Half mended: never above 1 now, but nearly every prediction gets that 1, and from "
            "there the loss has no gradient.": capped,
            "Half mended: the 255 is above and below the bar. Divide the mask, not the "
            "answer.": answer_divided,
            "Half mended: the mask is divided below the bar, and above it not yet.": only_below,
        },
    )


@exercise("15.5")
def relu_before_logits(stub):
    """make_head(channels, num_classes)"""

    def ending_in(*last):
        return lambda a, b: nn.Sequential(*mended.make_head(a, b), *last)

    def without_any(channels, num_classes):
        first, _, second = mended.make_head(channels, num_classes)
        return nn.Sequential(first, second)

    def only_the_last(channels, num_classes):
        return nn.Sequential(without_any(channels, num_classes), nn.ReLU())

    return find_the_bug(
        stub,
        "make_head",
        (1, 3, 2, 4),
        (3, 4, 5, 7),
        run=answer_of_head,
        hints=[
            "Look at the smallest score that the network ever gives. What could a score below that"
            " say, and what is the slope of ReLU there?",
            "A logit may be any number. The ReLU between the convolutions is right; the one after"
            " the last convolution has to go.",
        ],
        mistakes={
            "Half mended: a sigmoid lets gradients through, but scores between 0 and 1 can never "
            "differ by more than 1, so no class gets far above the others.": (
                ending_in(nn.Sigmoid())
            ),
            "Half mended: the leak keeps the gradient alive, but a score below 0 still counts a "
            "hundredth. Scores need no bend at all.": ending_in(nn.LeakyReLU()),
            "Softmax makes probabilities; cross-entropy wants the scores before it (bug 6).": (
                ending_in(nn.Softmax(dim=1))
            ),
            "That is the wrong ReLU: the one in between is what makes two convolutions more than "
            "one.": only_the_last,
            "One too many is gone: without the ReLU in between two convolutions are no more than "
            "one.": without_any,
        },
    )


def answer_of_head(function, channels, num_classes, height, width):
    """The head's logits of a map, with weights that are the same whoever built it."""
    layers = function(channels, num_classes)
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for layer in layers.modules():
            if isinstance(layer, nn.Conv2d):
                layer.weight.copy_(torch.randn(layer.weight.shape, generator=draw))
                layer.bias.zero_()
        return layers(torch.randn(1, channels, height, width, generator=draw))


@exercise("15.6")
def probabilities_for_logits(stub):
    """loss_of(logits, masks)"""

    def negative(logits, masks):
        return F.nll_loss(logits.softmax(dim=1), masks)

    def logarithm_after(logits, masks):
        return F.nll_loss(logits.softmax(dim=1).log(), masks)

    def another_axis(logits, masks):
        return F.nll_loss(logits.log_softmax(dim=-1), masks)

    draw = torch.Generator().manual_seed(6)
    masks = torch.tensor([[[0, 2, 1]]])
    logits = torch.tensor([[[[2.0, 0.0, -1.0]], [[1.0, 3.0, 0.0]], [[-2.0, 1.0, 1.0]]]])
    return find_the_bug(
        stub,
        "loss_of",
        (logits, masks),
        (torch.randn(1, 5, 3, 2, generator=draw), torch.tensor([[[4, 0], [1, 3], [2, 2]]])),
        (200 * logits, masks),  # very sure, and wrong at some pixels
        hints=[
            "What does F.cross_entropy do first with what it is given? Look it up, or compare its"
            " answer for logits and for logits + 1.",
            "It takes the softmax itself. Give it the logits as they are.",
        ],
        mistakes={
            "Half mended: without the logarithm this is minus a probability, not a loss; it ends "
            "at −1.": negative,
            "Half mended: the right number, until a probability is too small for a float. Its "
            "logarithm is −∞. F.cross_entropy and log_softmax never form it.": logarithm_after,
            "The classes are axis 1.": another_axis,
        },
    )


@exercise("15.7")
def scores_per_batch(stub):
    """mean_iou(batches, num_classes)"""

    def confusions(batches, num_classes):
        return [confusion_matrix(*batch, num_classes) for batch in batches]

    def per_class(batches, num_classes):
        table = torch.stack([iou(each) for each in confusions(batches, num_classes)])
        return mean_over_classes(torch.stack([mean_over_classes(column) for column in table.T]))

    def by_size(batches, num_classes):
        scores = [mean_over_classes(iou(each)) for each in confusions(batches, num_classes)]
        sizes = [len(predicted) for predicted, _ in batches]
        return sum(map(torch.mul, scores, map(torch.tensor, sizes))) / sum(sizes)

    def absent_is_wrong(batches, num_classes):
        return iou(sum(confusions(batches, num_classes))).nan_to_num().mean()

    truth = torch.tensor([[[0, 0, 0], [0, 0, 1]], [[0, 0, 1], [1, 1, 1]], [[0, 0, 0], [0, 2, 2]]])
    predicted = truth.clone()
    predicted[0, 1, 2], predicted[1, 0, 2], predicted[2, 1, 2] = 0, 2, 0
    uneven = list(zip(predicted.split(2), truth.split(2), strict=True))
    single = list(zip(predicted.split(1), truth.split(1), strict=True))
    return find_the_bug(
        stub,
        "mean_iou",
        (uneven, 3),
        (single, 4),  # class 3 is nowhere
        (single[:2], 3),
        hints=[
            "A mean of quotients is not the quotient of the sums. Which pixels count more here than"
            " others: those of a class that fills the image, or those of one that is rare in it?",
            "Add up the confusion matrices of all batches, and take iou and mean_over_classes once,"
            " of the sum.",
        ],
        mistakes={
            "Half mended: class by class is right, but still averaged over batches, where 50 "
            "pixels of a class count as much as 5,000.": per_class,
            "Half mended: a short batch weighs less now, but it is still a mean over batches.": (
                by_size
            ),
            "Nearly: a class that is nowhere, neither true nor predicted, has no IoU. Leave it out "
            "of the mean; it is not a 0.": absent_is_wrong,
        },
    )
