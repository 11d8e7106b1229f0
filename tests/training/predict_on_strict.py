"""Windows and mirror images on a strict device; `test_windows.py` starts it as its own process."""

from functools import partial

import torch
from strict import strict_device
from toys import small_network

from segviz.training import devices, flipped_logits, predict, sliding_logits

if __name__ == "__main__":
    devices.cpu_multiplies_bfloat16 = lambda: False
    logits = partial(flipped_logits, logits=partial(sliding_logits, window=(8, 12)))
    images = torch.randint(0, 256, (2, 3, 17, 5), dtype=torch.uint8)
    expected = predict(small_network(), images, (21, 9), logits)
    with strict_device():
        model = small_network().to("strict")
        answer = predict(model, images, (21, 9), logits)
        assert answer.device.type == "strict"
        agreeing = (answer.cpu() == expected).float().mean().item()
    assert agreeing > 0.98, agreeing
