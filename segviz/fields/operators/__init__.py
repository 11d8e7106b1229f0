"""What torch's operators do to the sources of a tensor: one rule for each."""

from segviz.fields.operators import mixing, movement, windows  # noqa: F401  (they add their rules)
from segviz.fields.operators.calls import (
    RULES,
    Call,
    UnknownOperatorError,
    is_pointwise,
    tensors_among,
)
from segviz.fields.operators.mixing import pointwise

__all__ = ["RULES", "Call", "UnknownOperatorError", "is_pointwise", "pointwise", "tensors_among"]
