"""What does a small tracker owe to its choice of parts? A control that looks at all of them alike.

Chapter: notebooks/applications/tracking.ipynb
Run: python -m visual_attention.chapters.tracking.controls
"""

import torch
from torch import Tensor

from visual_attention.chapters.tracking.trackers import Tracker
from visual_attention.training import parameters


class UniformTracker(Tracker):
    """Each place looks at all parts of the template alike: attention without a choice.

    The same as comparing each place with the template's mean key.
    """

    def _weigh(self, similar: Tensor) -> Tensor:
        """1 over the number of parts in the target's disc, (B, N, M); 0 for other parts."""
        parts = self.mask.flatten().to(similar.dtype)  # (M,)
        return (parts / parts.sum()).expand_as(similar)


def main() -> None:
    """Look for two templates in the same search region."""
    torch.manual_seed(0)
    templates, search = torch.rand(2, 3, 24, 24), torch.rand(1, 3, 48, 48).expand(2, -1, -1, -1)
    model = UniformTracker().eval()
    one, other = model.response(templates, search).flatten(1).amax(dim=1).tolist()
    print(f"{parameters(model):,} parameters, best fits {one:.2g} and {other:.2g}")


if __name__ == "__main__":
    main()
