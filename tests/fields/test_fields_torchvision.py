"""Every classification and segmentation network of torchvision: traced; many verified, too."""

from unittest.mock import patch

import pytest
import torch
import torchvision.models as tv
from torchvision.models import regnet

from segviz import receptive_field

SEGMENTATION = tv.list_models(module=tv.segmentation)
NAMES = [*tv.list_models(module=tv), *SEGMENTATION]


def build(name, device="meta", **options):
    """Without weights; on the meta device without numbers, too, and at once."""
    if name in SEGMENTATION:
        options["weights_backbone"] = None
    if name in ("googlenet", "inception_v3"):
        options["init_weights"] = False
    from_init_params = regnet.BlockParams.from_init_params

    def really(*args, **kwargs):  # RegNet computes its widths with tensors
        with torch.device("cpu"):
            return from_init_params(*args, **kwargs)

    with patch.object(regnet.BlockParams, "from_init_params", really), torch.device(device):
        return tv.get_model(name, weights=None, **options)


def test_the_list_is_the_one_that_is_meant():
    assert len(NAMES) >= 86


@pytest.mark.parametrize("name", NAMES)
def test_all_is_known_and_exact(name):
    size = (299, 299) if name == "inception_v3" else (224, 224)
    network = build(name)
    training = [module.training for module in network.modules()]
    field = receptive_field(network, size)
    assert field.unknown == []
    assert all(f.exact for f in field.values())
    assert field.output.known and field.output.size
    assert [module.training for module in network.modules()] == training
    assert not any(module._forward_hooks for module in network.modules())


# A small image for each, and modules from everywhere in the network if the default takes long.
VERIFIED = {
    "alexnet": (95, ["features.2", "features.12"]),
    "vgg11": (64, ["features.10", "features"]),
    "googlenet": (64, ["inception3b", "inception5b.branch2.1", ""]),
    "inception_v3": (96, ["Mixed_5d", "Mixed_6b.branch7x7_3", "Mixed_6e"]),
    "resnet18": (65, None),
    "resnet50": (64, ["layer2.1", "layer4"]),
    "resnext50_32x4d": (64, ["layer2.1", "layer4"]),
    "wide_resnet50_2": (48, ["layer2.1", "layer4"]),
    "densenet121": (64, ["features.denseblock2", "features.denseblock4.denselayer3", "features"]),
    "mobilenet_v2": (72, ["features.5", "features"]),
    "mobilenet_v3_small": (64, None),
    "mobilenet_v3_large": (64, ["features.3", "features.4.block.2", "features"]),
    "mnasnet0_5": (64, None),
    "shufflenet_v2_x0_5": (64, None),
    "squeezenet1_0": (65, None),
    "squeezenet1_1": (64, None),
    "efficientnet_b0": (64, None),
    "efficientnet_v2_s": (64, ["features.2", "features.3", "features.6"]),
    "regnet_x_400mf": (64, None),
    "regnet_y_400mf": (64, None),
    "convnext_tiny": (64, ["features.1", "features.3", "features.5.2"]),
    "swin_t": (96, ["features.1.0", "features.1.1", "features.3", "features"]),
    "swin_v2_t": (64, ["features.1.0", "features.1.1", "features.5"]),
    "vit_b_32": (64, ["conv_proj", "encoder.layers.encoder_layer_0.ln_1", "encoder.layers"]),
    "fcn_resnet50": (49, ["backbone.layer3", "classifier", "[out]"]),
    "deeplabv3_resnet50": (49, ["classifier.0.convs.1", "classifier.0", "[out]"]),
    "deeplabv3_mobilenet_v3_large": (65, None),
    "lraspp_mobilenet_v3_large": (65, None),
}


@pytest.mark.parametrize("name", VERIFIED)
def test_the_gradients_support_is_the_theory(name):
    size, modules = VERIFIED[name]
    options = {"image_size": size} if name.startswith("vit") else {}
    # Swin has tables of indices, which are lost on the meta device
    network = build(name, device="cpu" if "swin" in name else "meta", **options)
    field = receptive_field(network, (size, size))
    verification = field.verify(network, modules=modules, units=3)
    assert verification, verification
    assert verification.skipped == ()
    assert len({unit for _, unit in verification.compared}) > 1


def test_the_list_of_verified_networks_is_long_enough():
    assert len(VERIFIED) >= 25 and set(VERIFIED) <= set(NAMES)
