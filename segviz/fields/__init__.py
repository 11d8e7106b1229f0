"""What does a unit see? Receptive fields of any torch network, in theory and by gradient."""

from segviz.fields.field import Box, Field, Local
from segviz.fields.network import NetworkField, receptive_field

__all__ = ["Box", "Field", "Local", "NetworkField", "receptive_field"]
