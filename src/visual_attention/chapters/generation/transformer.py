"""Can the distant parts of a picture agree while it is being made?

A small transformer that tells, for every patch of a half-made picture, which way it should change. Patches
hear of each other through attention, or through whatever is put in its place.

Paper: William Peebles and Saining Xie, "Scalable Diffusion Models with Transformers", ICCV 2023, section 3.
Chapter: notebooks/applications/generation.ipynb
Run: python -m visual_attention.chapters.generation.transformer
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from visual_attention.chapters.generation.flow_matching import flow_loss, require_times, sample
from visual_attention.mechanisms.inputs import require_feature_map, require_positive
from visual_attention.mechanisms.noise import normal
from visual_attention.mechanisms.positions import sinusoidal_grid
from visual_attention.mechanisms.self_attention import MultiHeadSelfAttention

MEAN, SPREAD = 0.15, 0.3  # bring pictures to about the mean and the spread of the noise: 0 and 1
SHORTEST = 1e-3  # time that is taken to be left at the very end, so that time 1 has a velocity too


def time_features(times: Tensor, dim: int) -> Tensor:
    """A row of sines and cosines for each time in [0, 1], so that a network can tell times apart.

    Args:
        times: One for each picture.
        dim: Numbers for each time, even: waves of dim / 2 lengths, from 2 pi / 100 to 2 pi.

    Shape:
        (B,) -> (B, dim), each in [-1, 1].

    Raises:
        ValueError: if ``dim`` is odd or below 4, or there is not one time for each picture.
    """
    if dim < 4 or dim % 2:
        raise ValueError(f"wanted an even dim of 4 or more, for sines and cosines come in pairs, got {dim}")
    require_times(times, len(times))
    half = dim // 2
    exact = times.to(torch.promote_types(times.dtype, torch.float32))  # fine waves need it
    steps = torch.arange(half, dtype=exact.dtype, device=exact.device) / (half - 1)
    angles = exact[:, None] * 100**steps  # (B, dim / 2), of waves from 1 to 100
    return torch.cat([angles.sin(), angles.cos()], dim=1).to(times.dtype)


class TimedLayer(nn.Module):
    """Hear of other patches, then think about each patch alone, both steered by the time.

    Args:
        dim: D, width of a token.
        mixer: The part in which tokens hear of each other, (B, N, D) -> (B, N, D).
        told: Numbers that tell the time.

    Shape:
        (B, N, D) and (B, told) -> (B, N, D).

    Differs from the paper: the time scales and shifts the input of each part; there is no gate on its output.

    Derivatives: as those of ``mixer``.
    """

    def __init__(self, dim: int, *, mixer: nn.Module, told: int):
        super().__init__()
        self.mixer = mixer
        self.norms = nn.ModuleList(nn.LayerNorm(dim, elementwise_affine=False) for _ in range(2))
        self.steer = nn.Linear(told, 4 * dim)
        self.think = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))
        nn.init.zeros_(self.steer.weight)
        nn.init.zeros_(self.steer.bias)

    def heard(self, x: Tensor, time: Tensor) -> Tensor:
        """What the mixer gets, (B, N, D)."""
        scale, shift = self.steer(time)[:, None].chunk(4, dim=2)[:2]  # (B, 1, D) each
        return self.norms[0](x) * (1 + scale) + shift

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        x = x + self.mixer(self.heard(x, time))
        scale, shift = self.steer(time)[:, None].chunk(4, dim=2)[2:]
        return x + self.think(self.norms[1](x) * (1 + scale) + shift)


class VelocityTransformer(nn.Module):
    """Tell for each pixel of a half-made picture in which direction it should change now.

    Patches become tokens with positions, a few layers let them hear of each other, and each token says what
    its patch will be in the end. The velocity leads straight there in the time that is left.

    Args:
        size: (H, W) of the pictures, multiples of ``patch``.
        patch: P, side of a patch in pixels.
        dim: D, width of a token, a multiple of 4.
        depth: L, layers.
        heads: h, of each layer's attention.
        mixer: Makes what stands in a layer for attention; by default attention.

    Shape:
        half-made pictures (B, 3, H, W), times (B,) in [0, 1] -> velocities (B, 3, H, W).

    Raises:
        ValueError: if ``patch`` does not divide the size; at call, for pictures of another size, or if there
            is not one time for each.

    Differs from the paper: it works on pixels, not on the codes of an autoencoder; it is told no class; it
        foresees the picture instead of the noise.

    Derivatives: as :class:`~visual_attention.mechanisms.self_attention.SelfAttention`.
    """

    def __init__(
        self,
        size: tuple[int, int],
        *,
        patch: int = 4,
        dim: int = 64,
        depth: int = 2,
        heads: int = 4,
        mixer: Callable[[], nn.Module] | None = None,
    ):
        super().__init__()
        require_positive(height=size[0], width=size[1], patch=patch, depth=depth)
        if size[0] % patch or size[1] % patch:
            raise ValueError(f"wanted a patch that divides {size[0]} x {size[1]} pixels, got {patch}")
        self.size, self.patch = tuple(size), patch
        self.grid = (size[0] // patch, size[1] // patch)
        self.embed = nn.Conv2d(3, dim, kernel_size=patch, stride=patch)
        # Learned positions start near 0, and small networks took long to find out who is where.
        self.register_buffer("positions", sinusoidal_grid(*self.grid, dim, base=20.0), persistent=False)
        self.time = nn.Sequential(nn.Linear(32, 32), nn.SiLU())
        made = (mixer() if mixer else MultiHeadSelfAttention(dim, heads=heads) for _ in range(depth))
        self.layers = nn.ModuleList(TimedLayer(dim, mixer=each, told=32) for each in made)
        self.answer = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, 3 * patch * patch))

    def weights(self, x: Tensor, times: Tensor) -> list[Tensor]:
        """What each patch takes from each patch: one (B, h, N, N) for each layer, patches row by row.

        Non-negative, sums to 1 over the last axis. These are the weights that ``forward`` applies.
        """
        tokens, time, maps = *self._start(x, times), []
        for layer in self.layers:
            maps.append(layer.mixer.weights(layer.heard(tokens, time)))
            tokens = layer(tokens, time)
        return maps

    def foresee(self, x: Tensor, times: Tensor) -> Tensor:
        """The finished picture as the network expects it, in its own range, (B, 3, H, W)."""
        tokens, time = self._start(x, times)
        for layer in self.layers:
            tokens = layer(tokens, time)
        return self.pixels(tokens)

    def pixels(self, tokens: Tensor) -> Tensor:
        """What each token says its patch will be, laid into a picture: (B, N, D) -> (B, 3, H, W)."""
        patches = self.answer(tokens).unflatten(2, (3, self.patch, self.patch)).unflatten(1, self.grid)
        return patches.permute(0, 3, 1, 4, 2, 5).reshape(len(tokens), 3, *self.size)

    def forward(self, x: Tensor, times: Tensor) -> Tensor:
        """The velocity of each pixel, (B, 3, H, W): what is missing, over the time that is left."""
        left = (1 - times).clamp_min(SHORTEST).view(-1, 1, 1, 1)
        return (self.foresee(x, times) - x) / left

    def _start(self, x: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
        require_feature_map(x, channels=3)
        if tuple(x.shape[2:]) != self.size:
            raise ValueError(f"wanted pictures of {self.size[0]} x {self.size[1]}, got {tuple(x.shape[2:])}")
        require_times(times, len(x))
        tokens = self.embed(x).flatten(2).mT + self.positions  # (B, D, rows, columns) -> (B, N, D)
        return tokens, self.time(time_features(times, 32))


def picture_loss(model: nn.Module, pictures: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
    """The flow matching loss for pictures in [0, 1], brought to the model's range; a scalar."""
    return flow_loss(model, (pictures - MEAN) / SPREAD, generator=generator)


@torch.no_grad()
def generate(
    model: VelocityTransformer, count: int, *, steps: int = 24, generator: torch.Generator | None = None
) -> Tensor:
    """Make pictures from fresh noise.

    Args:
        model: A trained one, or any module with a ``size`` that gives velocities.
        count: B.
        steps: Steps of the sampler.
        generator: Seeds the noise, and with it the pictures.

    Shape:
        -> (B, 3, H, W), in [0, 1], in the type and on the device of the model.

    Raises:
        ValueError: for fewer than 1 picture or step.
    """
    require_positive(count=count)
    numbers = [*model.parameters(), *model.buffers()]
    like = numbers[0] if numbers else torch.empty(())
    noise = normal((count, 3, *model.size), like=like, generator=generator)
    return as_pictures(sample(model, noise, steps=steps))


def as_pictures(x: Tensor) -> Tensor:
    """From the model's range to colours in [0, 1]; what lies outside is cut off."""
    return (SPREAD * x + MEAN).clamp(0, 1)


def main() -> None:
    """Show shapes, and that a fresh model makes pictures of nothing."""
    torch.manual_seed(0)
    model = VelocityTransformer((16, 24))
    x, times = torch.randn(2, 3, 16, 24), torch.tensor([0.0, 0.7])
    print("velocity      ", tuple(model(x, times).shape))
    print("weights       ", [tuple(weights.shape) for weights in model.weights(x, times)])
    print("rows sum to   ", *(f"{total:.3f}" for total in model.weights(x, times)[0].sum(-1).aminmax()))
    print("made in 4 steps", tuple(generate(model, 5, steps=4).shape))


if __name__ == "__main__":
    main()
