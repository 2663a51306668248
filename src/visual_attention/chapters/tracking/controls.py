"""What do trackers owe to their choice of parts, to their cosines, and to the template at all?

The network is that of `tracking`. One control looks at all parts alike, one correlates by dot products in
place of cosines, and one never sees the template.

Chapter: notebooks/applications/tracking.ipynb
Run: python -m visual_attention.chapters.tracking.controls
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.tracking.trackers import CorrelationTracker, Tracker
from visual_attention.training import parameters


class UniformTracker(Tracker):
    """Each place looks at all parts of the template alike: attention without a choice.

    The same as comparing each place with the template's mean key.
    """

    def _weigh(self, similar: Tensor) -> Tensor:
        """1 over the number of parts in the target's disc, (B, N, M); 0 for other parts."""
        parts = self.mask.flatten().to(similar.dtype)  # (M,)
        return (parts / parts.sum()).expand_as(similar)


class ProductTracker(CorrelationTracker):
    """Correlation of features as they come, by dot products and not by cosines, as the paper has it.

    A place with large features fits everything a little better. How well a place fits is any real number.
    """

    def _measure(self, x: Tensor) -> Tensor:
        return x / x.shape[1] ** 0.5


class BlindTracker(UniformTracker):
    """A tracker that never sees the template: what it finds, the frames alone betray.

    In place of the template's keys there is one learned key, the same for all parts. If it does better than
    choosing one of the things at random, the data leak.
    """

    def __init__(self, *, width: int = 32, dim: int = 32):
        super().__init__(width=width, dim=dim)
        self.guess = nn.Parameter(torch.randn(dim, 1, 1))

    def _read(self, template: Tensor, search: Tensor, owner: Tensor | None = None) -> tuple[Tensor, Tensor]:
        queries, keys = super()._read(torch.zeros_like(template), search, owner)
        return queries, F.normalize(self.guess, dim=0).expand_as(keys)


def main() -> None:
    """Build the three, and look for two templates in the same search region."""
    torch.manual_seed(0)
    templates, search = torch.rand(2, 3, 24, 24), torch.rand(1, 3, 48, 48).expand(2, -1, -1, -1)
    for kind in (UniformTracker, ProductTracker, BlindTracker):
        model = kind().eval()
        one, other = model.response(templates, search).flatten(1).amax(dim=1).tolist()
        print(f"{kind.__name__:14} {parameters(model):,} parameters, best fits {one:.2g} and {other:.2g}")


if __name__ == "__main__":
    main()
