"""BirdNET V2.4 for GPUs: the weights of `birdnet_weights.py` in PyTorch. On a CPU the static graph is faster."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from chorus.encoders.birdnet_weights import Block, Convolution, Weights

_BOTH_SIDES = (1, 1, 1, 1)  # padding: left, right, top, bottom


class Network(nn.Module):
    """(n, 144000) samples in [-1, 1] -> (n, 1024), the input of the published model's final layer."""

    scale: torch.Tensor
    shift: torch.Tensor
    last_scale: torch.Tensor
    last_shift: torch.Tensor

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self._frames = [(image.size, image.step) for image in weights.images]
        self._powers = [float(image.power) for image in weights.images]
        for number, image in enumerate(weights.images):
            self.register_buffer(f"matrix{number}", torch.from_numpy(image.matrix.T.copy()))
        for name in ("scale", "shift", "last_scale", "last_shift"):
            self.register_buffer(
                name, torch.from_numpy(getattr(weights, name).reshape(1, -1, 1, 1).copy())
            )
        self.stem = _Conv(weights.stem, stride=2, pad=(3, 4, 1, 1))
        self.mix = _Conv(weights.mix)
        self.blocks = nn.Sequential(*map(_Block, weights.blocks))
        self.last = _Conv(weights.last)
        self.eval()

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        x = (
            self._images(samples)
            .to(self.stem.weight.dtype)
            .contiguous(memory_format=torch.channels_last)
        )
        x = functional.relu(self.stem(x))
        # Both poolings of pairs of frames, as the published graph joins them.
        pairs = x[..., 0::2], x[..., 1::2]
        x = self.mix(torch.cat([torch.maximum(*pairs), (pairs[0] + pairs[1]) / 2], 1))
        x = functional.relu(self.blocks(x) * self.last_scale + self.last_shift)
        return functional.relu(self.last(x)).mean((2, 3))

    def _images(self, samples: torch.Tensor) -> torch.Tensor:
        """(n, 144000) -> (n, 2, 96, 511)."""
        above = samples - samples.amin(1, keepdim=True)
        level = (above / (above.amax(1, keepdim=True) + 1e-6) - 0.5) * 2
        images = []
        for number, ((size, step), power) in enumerate(
            zip(self._frames, self._powers, strict=True)
        ):
            frames, half = level.unfold(1, size, step), size // 2
            inner = frames[..., 1:half] + frames[..., half + 1 :].flip(-1)
            folded = torch.cat([frames[..., :1], inner, frames[..., half : half + 1]], -1)
            bands = folded @ getattr(self, f"matrix{number}").to(samples.dtype)
            images.append((bands * bands).pow(power).transpose(1, 2))
        return torch.stack(images, 1) * self.scale + self.shift


class _Conv(nn.Module):
    """A convolution with bias; TFLite's weights are (out, h, w, in), or (1, h, w, channels) where depthwise."""

    def __init__(
        self,
        layer: Convolution,
        *,
        depthwise: bool = False,
        stride: int = 1,
        pad: tuple[int, ...] = (0, 0, 0, 0),
    ) -> None:
        super().__init__()
        # PyTorch has the filters first and the channels that they read second: one, where each has its own.
        order = (3, 0, 1, 2) if depthwise else (0, 3, 1, 2)
        self.weight = nn.Parameter(
            torch.from_numpy(layer.weights.transpose(order).copy()), requires_grad=False
        )
        self.bias = nn.Parameter(torch.from_numpy(layer.bias.copy()), requires_grad=False)
        self._groups = len(layer.bias) if depthwise else 1
        self._stride, self._pad = stride, pad

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        padded = functional.pad(x, self._pad)
        return functional.conv2d(padded, self.weight, self.bias, self._stride, groups=self._groups)


class _Block(nn.Module):
    def __init__(self, block: Block) -> None:
        super().__init__()
        self.expand = _Conv(block.expand)
        self.depthwise = _Conv(
            block.depthwise, depthwise=True, stride=block.stride, pad=_BOTH_SIDES
        )
        self.squeeze = _Conv(block.squeeze) if block.squeeze else None
        self.excite = _Conv(block.excite) if block.excite else None
        self.project = _Conv(block.project)
        self._adds_input = block.stride == 1

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = functional.silu(self.depthwise(functional.silu(self.expand(x))))
        if self.squeeze is not None and self.excite is not None:
            gate = self.excite(functional.silu(self.squeeze(y.mean((2, 3), keepdim=True))))
            y = y * gate.sigmoid()
        projected: torch.Tensor = self.project(y)
        return x + projected if self._adds_input else projected


class TorchBirdNet:
    """The network as an encoder on one device. float32, without TF32, and only deterministic kernels."""

    def __init__(self, weights: Weights, device: str) -> None:
        # TF32 keeps ten bits of a product; benchmarking picks kernels by their time, which differs from run to run.
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
        self._device = torch.device(device)
        network = Network(weights).float().to(self._device)
        self._network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.inference_mode()
    def embed(self, windows: np.ndarray) -> np.ndarray:
        """float32 samples in [-1, 1], 48 kHz, shape (n, 144000) -> float32 embeddings, shape (n, 1024)."""
        samples = torch.from_numpy(np.ascontiguousarray(windows)).to(self._device)
        return np.asarray(self._network(samples).cpu().numpy())


def gpu() -> str | None:
    """The kind of this machine's first GPU, such as "sm90"; None without one that this PyTorch can use."""
    if not torch.cuda.is_available():
        return None
    major, minor = torch.cuda.get_device_capability()
    return f"sm{major}{minor}"
