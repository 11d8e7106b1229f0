"""What every network promises. A network's tests inherit it and say how to build a small one:

class TestUNet(ModelContract):
    alone_too_small = (7, 4)  # one image of that size leaves batch norm a single value

    def build(self, num_classes, in_channels=3):
        return UNet(num_classes, (4, 6, 10), in_channels)
"""

import io

import pytest
import torch
from torch import nn


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def shake(network, seed=0):
    """Every parameter and statistic away from its special values: scores that start at zero let
    nothing through, and a batch norm that starts as the identity hides that it is there."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if not tensor.is_floating_point():
                continue
            noise = torch.randn(tensor.shape, generator=generator, dtype=tensor.dtype)
            spread = 1 / max(1, tensor[0].numel()) ** 0.5 if tensor.dim() > 1 else 0.2
            tensor.add_(noise * spread)
            if name.endswith("running_var"):
                tensor.abs_().add_(0.1)
    return network


class ModelContract:
    sizes = [(37, 53), (8, 8), (5, 64), (33, 98)]
    alone_too_small = None

    def build(self, num_classes, in_channels=3):
        """A small network of this architecture, in training mode."""
        raise NotImplementedError

    def shaken(self, num_classes=5, in_channels=3):
        torch.manual_seed(0)
        return shake(self.build(num_classes, in_channels))

    def test_one_answer_for_every_pixel_of_an_image_of_any_size(self):
        network = self.shaken(7, in_channels=2).eval()
        for size in self.sizes:
            with torch.no_grad():
                logits = network(torch.randn(2, 2, *size))
            assert logits.shape == (2, 7, *size) and logits.isfinite().all()

    def test_the_answer_is_logits(self):
        """Neither cut off at zero nor squeezed between 0 and 1."""
        logits = self.shaken().eval()(10 * torch.randn(2, 3, 37, 53))
        assert logits.min() < 0 and logits.max() > 0
        assert not torch.allclose(logits.sum(dim=1), torch.ones(()), atol=0.1)

    def test_one_class(self):
        assert self.build(1)(torch.randn(2, 3, 37, 53)).shape == (2, 1, 37, 53)

    def test_a_batch_of_one_image_in_training(self):
        network = self.build(5)
        logits = network(torch.randn(1, 3, 37, 53))
        logits.square().mean().backward()
        assert logits.shape == (1, 5, 37, 53) and logits.isfinite().all()
        assert all(p.grad.isfinite().all() for p in network.parameters())
        assert all(b.isfinite().all() for b in network.buffers())

    def test_a_single_value_cannot_be_normalised_in_training(self):
        if self.alone_too_small is None:
            pytest.skip("this network has no batch norm")
        (height, width), network = self.alone_too_small, self.build(5)
        with pytest.raises(ValueError, match="Train with two images per batch or more"):
            network(torch.randn(1, 3, height, width))
        # Every way out that the sentence offers, and scoring, which needs none.
        assert network(torch.randn(2, 3, height, width)).shape == (2, 5, height, width)
        assert network(torch.randn(1, 3, height + 1, width)).shape == (1, 5, height + 1, width)
        assert network.eval()(torch.randn(1, 3, height, width)).shape == (1, 5, height, width)

    def test_in_evaluation_every_image_is_answered_by_itself(self):
        network = self.shaken().eval()
        images, others = torch.randn(3, 3, 21, 34), torch.randn(3, 3, 21, 34)
        others[1] = images[1]
        with torch.no_grad():
            torch.testing.assert_close(network(images)[1], network(others)[1])

    def test_statistics_are_kept_in_training_alone(self):
        network = self.shaken()
        before = {name: buffer.clone() for name, buffer in network.named_buffers()}
        images = torch.randn(3, 3, 37, 53)
        network.eval()(images)
        assert all(torch.equal(before[name], b) for name, b in network.named_buffers())
        network.train()(images)
        assert not any(torch.equal(before[name], b) for name, b in network.named_buffers())

    def test_gradients_reach_every_parameter(self):
        network = self.shaken()
        network(torch.randn(2, 3, 37, 53)).square().mean().backward()
        idle = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
        assert not idle

    def test_every_pixel_of_the_image_counts(self):
        """Also the last row and column of odd sizes, which pooling may lose."""
        network = self.shaken().eval()
        images = torch.randn(1, 3, 37, 53, requires_grad=True)
        network(images).square().mean().backward()
        assert images.grad.abs().sum(dim=(0, 1)).all()

    def test_the_images_stay_as_they_are(self):
        images = torch.randn(2, 3, 37, 53)
        before = images.clone()
        self.shaken()(images)
        assert torch.equal(images, before)

    def test_saved_and_loaded_it_answers_the_same(self):
        network, file = self.shaken().eval(), io.BytesIO()
        torch.save(network.state_dict(), file)
        file.seek(0)
        torch.manual_seed(1)
        other = self.build(5).eval()
        images = torch.randn(2, 3, 21, 34)
        assert not torch.equal(other(images), network(images))
        other.load_state_dict(torch.load(file, weights_only=True))
        assert torch.equal(other(images), network(images))

    def test_double_precision_is_kept_and_agrees(self):
        network, images = self.shaken().eval(), torch.randn(2, 3, 37, 53)
        with torch.no_grad():
            single, double = network(images), network.double()(images.double())
        assert double.dtype == torch.float64
        torch.testing.assert_close(single.double(), double, rtol=1e-3, atol=1e-4)

    def test_half_precision_and_channels_last_as_fit_uses_them(self):
        network, images = self.shaken(), torch.randn(2, 3, 37, 53)
        expected = network.eval()(images)
        network.to(memory_format=torch.channels_last)
        images = images.to(memory_format=torch.channels_last)
        torch.testing.assert_close(network(images), expected, rtol=1e-3, atol=1e-4)
        with torch.autocast("cpu", torch.bfloat16):
            network.train()(images).float().square().mean().backward()

    def test_it_runs_without_numbers(self):
        with torch.device("meta"):
            assert self.build(5)(torch.empty(2, 3, 37, 53)).shape == (2, 5, 37, 53)

    def test_wrong_images_are_refused_in_a_sentence(self):
        network = self.build(5)
        with pytest.raises(ValueError, match=r"\(N, 3, H, W\), and was given \(1, 1, 32, 32\)"):
            network(torch.zeros(1, 1, 32, 32))
        with pytest.raises(ValueError, match=r"images\[None\]"):
            network(torch.zeros(3, 32, 32))
        with pytest.raises(ValueError, match=r"torch.uint8.*segviz.data.normalise\(images\)"):
            network(torch.zeros(1, 3, 32, 32, dtype=torch.uint8))
        with pytest.raises(ValueError, match="hold no pixel"):
            network(torch.zeros(1, 3, 0, 32))

    @pytest.mark.parametrize("wrong", [0, -3, 2.5, True, None, "ab"], ids=repr)
    def test_impossible_numbers_are_refused(self, wrong):
        with pytest.raises(ValueError, match="num_classes=.*1 or more"):
            self.build(wrong)
        with pytest.raises(ValueError, match="in_channels=.*1 or more"):
            self.build(5, in_channels=wrong)

    def test_its_modules_are_named_for_reading(self):
        """No layer is hidden in a plain list or dict, where `to` and `state_dict` miss it."""
        network = self.build(5)
        for module in network.modules():
            held = vars(module).values()
            hidden = [v for v in held if isinstance(v, (list, tuple))]
            assert not any(isinstance(item, nn.Module) for items in hidden for item in items)
