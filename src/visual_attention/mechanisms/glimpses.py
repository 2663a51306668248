"""What does an eye see that is sharp at its centre and blurred around it?

Paper: Volodymyr Mnih, Nicolas Heess, Alex Graves and Koray Kavukcuoglu, "Recurrent Models of Visual
    Attention", NeurIPS 2014, section 3.1 (glimpse sensor, glimpse network, location network).
Chapter: notebooks/mechanisms/hard.ipynb
Run: python -m visual_attention.mechanisms.glimpses
"""

import torch
from torch import nn

from visual_attention.mechanisms.inputs import require_feature_map, require_positive


def require_locations(locations: torch.Tensor, *, batch: int) -> None:
    """Require places (B, 2), one for each image.

    Raises:
        ValueError: if the shape or the type is another one.
    """
    if not isinstance(locations, torch.Tensor) or not locations.is_floating_point():
        came = getattr(locations, "dtype", type(locations).__name__)
        raise ValueError(f"wanted locations (B, 2), a tensor of floating point, got {came}")
    if locations.shape != (batch, 2):
        raise ValueError(f"wanted locations of shape ({batch}, 2), got {tuple(locations.shape)}")


def he_start(*layers: nn.Linear) -> None:
    """Start layers before a ReLU so that what passes through them keeps its size (He et al. 2015)."""
    for layer in layers:
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)


class GlimpseSensor(nn.Module):
    """Cut square patches around a place, each twice as wide as the one before and averaged to the same size.

    A location is (x, y): (-1, -1) is the top left corner of the image, (0, 0) its centre, (1, 1) the bottom
    right corner. What lies outside of the image is 0, however far away. Between pixels the sensor
    interpolates, so that the patches are differentiable in the image and in the location.

    Args:
        size: S, side of a patch in pixels that the network gets.
        scales: M, number of patches; the last one covers S * 2^(M - 1) pixels of the image each way.

    Shape:
        (B, C, H, W), (B, 2) -> (B, M, C, S, S), in the units of the image, the sharpest patch first.

    Raises:
        ValueError: at call, if the image is not a (B, C, H, W) or the locations not a (B, 2) of
            floating point.

    Differs from the paper: locations lie in [-1, 1] instead of in pixels, and need not fall on one.
    """

    def __init__(self, size: int = 12, *, scales: int = 3):
        super().__init__()
        require_positive(size=size, scales=scales)
        self.size = size
        self.scales = scales

    def pixels(self) -> int:
        """How many numbers of each channel one glimpse hands to the network: M * S * S."""
        return self.scales * self.size**2

    def forward(self, x: torch.Tensor, locations: torch.Tensor) -> torch.Tensor:
        """The patches around one location for each image, (B, M, C, S, S)."""
        require_feature_map(x)
        require_locations(locations, batch=len(x))
        columns = self._shares(locations[:, 0], x.shape[3])  # (B, M, S, W)
        rows = self._shares(locations[:, 1], x.shape[2])  # (B, M, S, H)
        thin = rows.flatten(1, 2)[:, None] @ x  # (B, 1, M * S, H) @ (B, C, H, W) -> (B, C, M * S, W)
        thin = thin.unflatten(2, (self.scales, self.size))  # (B, C, M, S, W)
        return (thin @ columns.mT[:, None]).transpose(1, 2)  # (B, C, M, S, S) -> (B, M, C, S, S)

    def _shares(self, centres: torch.Tensor, length: int) -> torch.Tensor:
        """The share of each image pixel in each pixel of each patch, (B,) -> (B, M, S, length)."""
        exact = centres.to(torch.promote_types(centres.dtype, torch.float32))  # half precision loses pixels
        middle = ((exact + 1) * length / 2)[:, None, None]  # in pixels
        zoom = torch.arange(self.scales, device=exact.device, dtype=exact.dtype).exp2()[:, None]  # (M, 1)
        step = torch.arange(self.size, device=exact.device)
        first = middle - self.size * zoom / 2  # where the patch begins, (B, M, 1)
        begin = (first + zoom * step)[..., None]  # (B, M, S, 1)
        pixel = torch.arange(length, device=exact.device)
        overlap = torch.minimum(begin + zoom[:, :, None], pixel + 1) - torch.maximum(begin, pixel)
        return (overlap.clamp(min=0) / zoom[:, :, None]).to(centres.dtype)


class GlimpseNetwork(nn.Module):
    """Join what was seen with where it was seen.

    Args:
        sensor: Cuts the patches.
        channels: C, channels of the image.
        hidden: Width of the two branches, for what and for where.
        out: D, width of the result.

    Shape:
        (B, C, H, W), (B, 2) -> (B, D), at least 0.
    """

    def __init__(self, sensor: GlimpseSensor, *, channels: int = 1, hidden: int = 128, out: int = 256):
        super().__init__()
        require_positive(channels=channels, hidden=hidden, out=out)
        self.sensor = sensor
        self.see = nn.Linear(channels * sensor.pixels(), hidden)
        self.place = nn.Linear(2, hidden)
        self.what = nn.Linear(hidden, out)
        self.where = nn.Linear(hidden, out)
        he_start(self.see, self.place, self.what, self.where)
        self.see.weight.data *= 2  # most of a picture is dark

    def forward(self, x: torch.Tensor, locations: torch.Tensor) -> torch.Tensor:
        """One glimpse of each image as a vector, (B, D)."""
        patches = self.sensor(x, locations).flatten(start_dim=1)  # (B, M, C, S, S) -> (B, M * C * S * S)
        what = self.what(torch.relu(self.see(patches)))
        where = self.where(torch.relu(self.place(locations)))
        return torch.relu(what + where)


class LocationNetwork(nn.Module):
    """Say where to look next, as the mean of a normal distribution around which the eye lands.

    Args:
        dim: D, width of the state.
        spread: Standard deviation of x and of y, in units of half the image's side.

    Shape:
        (B, D) -> (B, 2), in [-1, 1].

    Differs from the paper: the mean passes through a tanh instead of being cut off, so that its gradient
        never vanishes altogether.
    """

    def __init__(self, dim: int, *, spread: float = 0.1):
        super().__init__()
        require_positive(dim=dim, spread=spread)
        self.spread = spread
        self.linear = nn.Linear(dim, 2)
        nn.init.zeros_(self.linear.weight)  # the first looks fall around the centre of the image
        nn.init.zeros_(self.linear.bias)

    def forward(self, state: torch.Tensor) -> torch.Tensor:
        """The mean of the next location, (B, 2)."""
        return torch.tanh(self.linear(state))

    def log_probability(self, means: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
        """How likely the drawn places were, (B, 2), (B, 2) -> (B,), up to a constant: log of the density.

        The drawn places count as given: only the mean carries a gradient.
        """
        return -((drawn.detach() - means) ** 2).sum(dim=-1) / (2 * self.spread**2)


def main() -> None:
    """Look at one bright pixel from near and from far."""
    image = torch.zeros(1, 1, 60, 60)
    image[0, 0, 10, 40] = 1.0
    sensor = GlimpseSensor(12, scales=3)
    above = torch.tensor([[2 * 40.5 / 60 - 1, 2 * 10.5 / 60 - 1]])
    for name, location in [
        ("there", above),
        ("at the centre", torch.zeros(1, 2)),
        ("far outside", above + 9),
    ]:
        print(f"{name:>14}: light at each scale", sensor(image, location).sum(dim=(0, 2, 3, 4)).tolist())


if __name__ == "__main__":
    main()
