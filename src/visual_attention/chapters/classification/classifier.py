"""Does a network that classifies gain by looking at the most relevant region?

One small convolutional network with two empty slots and a pool. A builder, a function from a number of
channels to a module, fills the slots or the pool, so that one mechanism is all that differs between networks.

Paper: Jie Hu, Li Shen and Gang Sun, "Squeeze-and-Excitation Networks", CVPR 2018, and the other papers of the
    chapters on mechanisms: this module adds no mechanism, it puts them side by side.
Chapter: notebooks/applications/classification.ipynb
Run: python -m visual_attention.chapters.classification.classifier
"""

import torch
from torch import nn

from visual_attention.convolutions import layer
from visual_attention.mechanisms.inputs import require_feature_map, require_positive
from visual_attention.mechanisms.slots import AveragePool, Builder, Empty
from visual_attention.training import parameters


class Classifier(nn.Module):
    """Convolve three times, with a slot after the second and the third; pool; classify.

    Args:
        classes: K, number of scores.
        slot: Builds what follows the second and the third convolution, from its channels; None: nothing.
        pool: Builds what turns the last feature map (B, C, h, w) into (B, C); None: the average.
        width: C, channels of the second and the third convolution; the first has 16.
        strides: Steps of the three convolutions.
        norm: Whether a norm over the batch brings what is pooled to one scale before it is read. A mean over
            all places varies far less from picture to picture than a maximum does.

    Shape:
        (B, 1, H, W), brightness in [0, 1] -> (B, K), any real number. With strides 2, 2 and 1, the map that
        is pooled has H/4 x W/4 places.

    Raises:
        ValueError: if ``classes`` or ``width`` is not above 0; at call, if the input is not a
            (B, 1, H, W) of floating point.

    Derivatives: as those of the slots and the pool.
    """

    def __init__(
        self,
        classes: int = 10,
        *,
        slot: Builder | None = None,
        pool: Builder | None = None,
        width: int = 32,
        strides: tuple[int, int, int] = (2, 2, 1),
        norm: bool = False,
    ):
        super().__init__()
        require_positive(classes=classes, width=width)
        first, second, third = strides
        self.stem = layer(1, 16, stride=first)
        self.convs = nn.ModuleList([layer(16, width, stride=second), layer(width, width, stride=third)])
        self.slots = nn.ModuleList([(slot or Empty)(width) for _ in self.convs])
        self.pool = (pool or AveragePool)(width)
        self.norm = nn.BatchNorm1d(width) if norm else nn.Identity()
        self.head = nn.Linear(width, classes)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """The map that is pooled, (B, C, h, w)."""
        return self.slots[-1](self._before_last_slot(x))

    def place_map(self, x: torch.Tensor) -> torch.Tensor | None:
        """How much each place counts, (B, 1, h, w), non-negative, sums to 1; None if nothing weighs places.

        The weights of the pool, if it has any, else those of the last slot. Weights that differ between
        channels are averaged over them; where each place has weights for all others, a place counts for what
        all others take from it.
        """
        before = self._before_last_slot(x)
        if hasattr(self.pool, "weights"):
            return one_map(self.pool.weights(self.slots[-1](before)), before.shape[2:])
        if hasattr(self.slots[-1], "weights"):
            return one_map(self.slots[-1].weights(before), before.shape[2:])
        return None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """A score for each class, (B, K)."""
        return self.read(self.pool(self.features(x)))

    def read(self, pooled: torch.Tensor) -> torch.Tensor:
        """From what is pooled, (B, C), to a score for each class, (B, K)."""
        return self.head(self.norm(pooled))

    def _before_last_slot(self, x: torch.Tensor) -> torch.Tensor:
        require_feature_map(x, channels=1)
        first, last = self.convs
        return last(self.slots[0](first(self.stem(x))))


def one_map(weights: torch.Tensor, grid: tuple[int, int]) -> torch.Tensor | None:
    """Weights of any mechanism as one map for each image, (B, 1, h, w), that sums to 1.

    Args:
        weights: (B, 1, h, w) or (B, C, h, w), weights of places; (B, N, N), what each of N = h * w places
            takes from each; or (B, C, 1, 1), weights of channels.
        grid: h and w.

    Returns:
        The map, or None for weights of channels, which say nothing about places.
    """
    height, width = grid
    if weights.ndim == 3:
        summed = weights.mean(dim=1).view(-1, 1, height, width)  # (B, N, N) -> (B, 1, h, w)
    elif weights.shape[2:] == (1, 1) and (height, width) != (1, 1):
        return None
    else:
        summed = weights.mean(dim=1, keepdim=True)
    total = summed.sum(dim=(2, 3), keepdim=True)
    return summed / total.clamp_min(torch.finfo(summed.dtype).tiny)


class MaxPool(nn.Module):
    """Keep the largest value of each channel, wherever it is: a hard choice for each channel.

    Shape:
        (B, C, h, w) -> (B, C), in the units of the input.
    """

    def __init__(self, channels: int):
        super().__init__()

    def weights(self, x: torch.Tensor) -> torch.Tensor:
        """1 at the largest value of each channel (the first of equals), 0 elsewhere: (B, C, h, w)."""
        flat = x.flatten(start_dim=2)
        best = flat.argmax(dim=2, keepdim=True)  # (B, C, 1)
        return torch.zeros_like(flat).scatter(2, best, 1.0).view_as(x)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The largest values, (B, C)."""
        return x.amax(dim=(2, 3))


class GeMPool(nn.Module):
    """The generalised mean, between average (p = 1) and maximum (p large), with p learnt.

    Paper: Filip Radenović, Giorgos Tolias and Ondřej Chum, "Fine-tuning CNN image retrieval with no human
        annotation", IEEE TPAMI 41(7), 2019, section 3.2.

    Shape:
        (B, C, h, w), not below 0 -> (B, C), in the units of the input.
    """

    def __init__(self, channels: int, *, p: float = 3.0, least: float = 1e-4):
        super().__init__()
        self.p = nn.Parameter(torch.tensor(p))
        self.least = least

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The generalised means, (B, C)."""
        return x.clamp(min=self.least).pow(self.p).mean(dim=(2, 3)).pow(1 / self.p)


class MapOfAnother(nn.Module):
    """A pool that gives each image the weights which the image before it in the batch asked for.

    Args:
        pool: The pool whose weights go astray; it is asked for its weights, not for its output.

    Shape:
        (B, C, h, w) -> (B, C), in the units of the input.
    """

    def __init__(self, pool: nn.Module):
        super().__init__()
        self.pool = pool

    def weights(self, x: torch.Tensor) -> torch.Tensor:
        """The weights of the image before, as the pool gives them."""
        return self.pool.weights(x).roll(1, dims=0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The features summed with another image's weights, (B, C)."""
        return (x * self.weights(x)).sum(dim=(2, 3))


def main() -> None:
    """Build the network with each mechanism, and count its parameters."""
    from visual_attention.mechanisms.cbam import CBAM
    from visual_attention.mechanisms.nonlocal_block import NonLocalBlock
    from visual_attention.mechanisms.soft import SoftAttentionPool

    torch.manual_seed(0)
    builders = {
        "nothing": {},
        "soft pooling": {"pool": lambda channels: SoftAttentionPool(channels, 8)},
        "CBAM": {"slot": CBAM},
        "non-local": {"slot": NonLocalBlock},
    }
    for name, parts in builders.items():
        model = Classifier(**parts).eval()
        found = model.place_map(torch.rand(2, 1, 48, 48))
        count = parameters(model)
        print(f"{name:12} {count:6,} parameters, map {None if found is None else tuple(found.shape)}")


if __name__ == "__main__":
    main()
