"""What does a unit see? Receptive fields of any torch network, in theory and by gradient."""

from segviz.fields.effective import (
    EffectiveField,
    compare_effective_fields,
    effective_receptive_field,
)
from segviz.fields.field import Box, Field, Local
from segviz.fields.network import NetworkField, receptive_field
from segviz.fields.verification import Difference, Verification, verify

__all__ = [
    "Box",
    "Difference",
    "EffectiveField",
    "Field",
    "Local",
    "NetworkField",
    "Verification",
    "compare_effective_fields",
    "effective_receptive_field",
    "receptive_field",
    "verify",
]
