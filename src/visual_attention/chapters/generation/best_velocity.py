"""What would a generator without fault answer?

For a set of pictures that is known, flow matching's best answer can be written down: it compares the
half-made picture with each picture of the set, and foresees their weighted mean. That is attention, over
pictures.

Paper: Mason Kamb and Surya Ganguli, "An analytic theory of creativity in convolutional diffusion models",
    ICML 2025, who write it down and ask why networks do not answer so.
Chapter: notebooks/applications/generation.ipynb
Run: python -m visual_attention.chapters.generation.best_velocity
"""

import torch
from torch import Tensor, nn

from visual_attention.chapters.generation.flow_matching import require_times, sample

SHORTEST = 1e-3  # time that is taken to be left at the very end, so that time 1 has an answer too


class BestVelocity(nn.Module):
    """The velocity with the least flow matching loss on a set of pictures. It learns nothing: it remembers.

    The query is the half-made picture, the keys are the pictures in the strength that they have by now, the
    score is minus their squared distance over twice the variance of the noise that is left, and the values
    are the pictures.

    Args:
        pictures: M, all pictures there are, each as likely as any other; (M, C, H, W).

    Shape:
        half-made pictures (B, C, H, W), times (B,) in [0, 1] -> velocities (B, C, H, W).

    Raises:
        ValueError: for no pictures; at call, for pictures of another size, or if there is not one time for
            each.
    """

    def __init__(self, pictures: Tensor):
        super().__init__()
        if pictures.ndim != 4 or not len(pictures):
            raise ValueError(f"wanted pictures (M, C, H, W), 1 or more, got {tuple(pictures.shape)}")
        self.register_buffer("pictures", pictures)
        self.size = tuple(pictures.shape[2:])

    def weights(self, x: Tensor, times: Tensor) -> Tensor:
        """How likely each picture is the one behind the noise: (B, M), sums to 1 over M."""
        require_times(times, len(x))
        if x.shape[1:] != self.pictures.shape[1:]:
            raise ValueError(f"wanted pictures of {tuple(self.pictures.shape[1:])}, got {tuple(x.shape[1:])}")
        exact = torch.promote_types(x.dtype, torch.float32)  # half precision has no room for the squares
        present = times.to(exact)[:, None, None] * self.pictures.to(exact).flatten(1)  # (B, M, C * H * W)
        distance = (x.to(exact).flatten(1)[:, None] - present).square().sum(dim=2)  # (B, M)
        left = (1 - times.to(exact)).clamp_min(SHORTEST)[:, None]
        return torch.softmax(-distance / (2 * left.square()), dim=1).to(x.dtype)

    def foresee(self, x: Tensor, times: Tensor) -> Tensor:
        """The weighted mean of the pictures, (B, C, H, W)."""
        return torch.einsum("bm,mchw->bchw", self.weights(x, times), self.pictures)

    def forward(self, x: Tensor, times: Tensor) -> Tensor:
        left = (1 - times).clamp_min(SHORTEST).view(-1, 1, 1, 1)
        return (self.foresee(x, times) - x) / left


def main() -> None:
    """Pictures of two pixels, a white pair and a black one: whatever the noise, they agree in the end."""
    generator = torch.Generator().manual_seed(0)
    pairs = torch.tensor([[1.0, 1.0], [-1.0, -1.0]]).view(2, 1, 1, 2)
    noise = torch.randn(1000, 1, 1, 2, generator=generator)
    for name, velocity in (("together", BestVelocity(pairs)), ("each alone", BestVelocity(pairs[..., :1]))):
        pixels = velocity.pictures.shape[3]
        halves = [sample(velocity, part) for part in noise.split(pixels, dim=3)]
        made = torch.cat(halves, dim=3) > 0  # white
        agree, white = (made[..., 0] == made[..., 1]).float().mean(), made.float().mean()
        print(f"{name:10} {agree:.0%} of the pairs agree, {white:.0%} of the pixels are white")


if __name__ == "__main__":
    main()
