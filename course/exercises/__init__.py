"""The checks behind the notebooks' exercises: cases, hints and the names of usual mistakes.

They live beside the notebooks, not inside them, so that an exercise does not show its own answer.
"""
