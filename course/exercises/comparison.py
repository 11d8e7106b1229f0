"""Exercises of notebook 13."""

import numpy as np

from segviz import relations
from segviz.classroom import check, check_value, exercise, quiz

# 100 pixels; row: the true class, column: the predicted one; background, pole, cat
CONFUSION = np.array([[60, 5, 4], [3, 12, 0], [8, 0, 8]])

# name: (cost, score); not those of the notebook, so that nobody needs to run it to be checked
POINTS = {"A": (10, 0.5), "B": (30, 0.7), "C": (40, 0.6), "D": (30, 0.6), "E": (90, 0.9)}
EQUALS = {"F": (5, 0.4), "G": (5, 0.4), "H": (2, 0.1), "I": (8, 0.6)}


@exercise("13.1")
def scores_by_hand(answer):
    """IoU of the three classes of CONFUSION."""
    hits, rows, columns = CONFUSION.diagonal(), CONFUSION.sum(1), CONFUSION.sum(0)
    return check_value(
        answer,
        relations.iou(CONFUSION).tolist(),
        hints=[
            "Intersection: the number on the diagonal. Union: everything in the class's row and"
            " everything in its column, the diagonal counted once.",
            "Background: 60 / (60 + 5 + 4 + 3 + 8). Pole: 12 / (12 + 3 + 0 + 5 + 0).",
        ],
        mistakes={
            "That is the share of the row, the recall: a pixel wrongly given to the class costs"
            " nothing in it. Add the column to the union.": (hits / rows).tolist(),
            "That is the share of the column, the precision: a missed pixel costs nothing in it."
            " Add the row to the union.": (hits / columns).tolist(),
            "Row plus column counts the diagonal twice; take it off once.": (
                hits / (rows + columns)
            ).tolist(),
            "That is Dice, 2 hits / (row + column).": relations.dice(CONFUSION).tolist(),
        },
    )


@exercise("13.2")
def worth_their_cost(stub):
    """worth(points) -> the names for which no other is as good or better for less, or better for
    the same cost."""

    def best_alone(points):
        return [max(points, key=lambda name: points[name][1])]

    def cheapest_alone(points):
        return [min(points, key=lambda name: points[name][0])]

    def beaten_in_score(points):
        return [name for name, (_, score) in points.items() if score >= 0.6]

    def equals_lost(points):
        return [
            name
            for name, (cost, score) in points.items()
            if not any(
                other != name and points[other][0] <= cost and points[other][1] >= score
                for other in points
            )
        ]

    return check(
        stub,
        not_beaten,
        (POINTS,),
        (EQUALS,),
        hints=[
            "A network is out as soon as one other costs no more, scores no less, and is not equal"
            " to it in both. Ask this of every pair.",
            "beaten = any(c <= cost and s >= score and (c, s) != (cost, score) for c, s in"
            " points.values()); keep the name where it is not.",
        ],
        mistakes={
            "That is the best one only. A cheaper one that scores less can be worth its cost.": (
                best_alone
            ),
            "That is the cheapest one only. A better one for more cost can be worth it.": (
                cheapest_alone
            ),
            "No limit to the score is asked for: a poor network stays while nothing as cheap is"
            " better.": beaten_in_score,
            "Two that are equal in both do not beat each other.": equals_lost,
        },
    )


def not_beaten(points):
    """The names that no other beats, in the order given; points: {name: (cost, score)}.

    This is the Pareto front of cost and score.
    """
    return [
        name
        for name, mine in points.items()
        if not any(
            other[0] <= mine[0] and other[1] >= mine[1] and other != mine
            for other in points.values()
        )
    ]


@exercise("13.3")
def for_thin_things(answer):
    """Which network for thin things."""
    return quiz(
        answer,
        "Wires and poles, two or three pixels wide, must not be lost. A second for an image is"
        " allowed. Which of the networks, going by the table of section 3?",
        ["FCN-8s", "U-Net", "DeepLabV3+", "SegNet"],
        right="b",
        reasons={
            "a": "Its last skip has a stride of 8: a pole of two pixels is less than a cell there."
            " It is the one for few operations.",
            "b": "Its skips start at the image's full resolution. The pole's IoU and the boundary"
            " IoU are highest; the price is the most multiply-adds.",
            "c": "It is close in the mean, but its one skip is at half the resolution, and the"
            " pole's IoU is clearly lower.",
            "d": "Its indices say where a maximum was, and nothing more of the fine map comes back:"
            " see the pole's column.",
        },
        hints=[
            "Look at the columns 'pole' and 'boundary', not at the mean.",
            "Who gets the finest map back on the way up?",
        ],
    )


@exercise("13.4")
def what_a_difference_says(answer):
    """What one run with each of two networks says."""
    return quiz(
        answer,
        "One network has a mean IoU of 0.73, another 0.71, each trained once. Trained again with"
        " other seeds, a network's own results differ by about 0.02. What may you say?",
        [
            "the first one is better: both saw the same images",
            "the first one is better if the validation set has enough images",
            "nothing yet about which is better; train both with several seeds",
        ],
        right="c",
        reasons={
            "a": "The same images make it fair, but the first weights and the order of the images"
            " were drawn by lot. Another lot may turn the two around.",
            "b": "More images make the score of these weights surer. They say nothing of the"
            " weights that another seed would have brought.",
            "c": "The difference is as large as what the seed alone does. Means and spreads over"
            " several seeds can tell; a gap of 0.4 needs no such care.",
        },
        hints=[
            "What would you see if you trained the first network twice and compared the two runs?",
            "Compare the difference, 0.02, with what the seed alone changes.",
        ],
    )
