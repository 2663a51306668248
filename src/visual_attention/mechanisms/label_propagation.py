"""How can attention carry a mask from frame to frame, if nobody trained it to?

Each patch of a new frame attends to the patches of frames that are known already, and takes from them what
they are. The features are those of a pretrained network; nothing is learned here.

Paper: Allan Jabri, Andrew Owens and Alexei Efros, "Space-Time Correspondence as a Contrastive Random Walk",
NeurIPS 2020, and Mathilde Caron et al., "Emerging Properties in Self-Supervised Vision Transformers", ICCV
2021, section 4.2.2, where a transformer's patches do it.
Chapter: notebooks/applications/tracking.ipynb
Run: python -m visual_attention.mechanisms.label_propagation
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.mechanisms.inputs import require_positive, require_tokens


class LabelPropagation(nn.Module):
    """Give each patch of a frame the labels of the patches that it attends to in known frames.

    Args:
        most: How many patches of each known frame a patch may attend to: the most similar ones.
        temperature: Divides the cosines before the softmax.
        reach: How many rows and columns away a patch may look at most; None: anywhere in a frame.
        grid: Rows and columns of the patches; wanted, and needed, with a reach only.

    Shape:
        frame (B, N, D), memory (B, F, M, D), labels (B, F, M, K) -> (B, N, K): a mean of labels, so that
        labels that sum to 1 give labels that sum to 1.

    Raises:
        ValueError: if a number is not above 0, a reach comes without a grid or a grid without a reach, or the
            shapes do not belong together.

    Differs from the papers: each known frame gives its own most similar patches, where they take the most
    similar of all frames together; without a `reach` a patch may look anywhere in a frame, where they keep to
    its surroundings.
    """

    def __init__(
        self,
        *,
        most: int = 7,
        temperature: float = 0.07,
        reach: int | None = None,
        grid: tuple[int, int] | None = None,
    ):
        super().__init__()
        require_positive(most=most, temperature=temperature)
        if (reach is None) != (grid is None):
            raise ValueError(f"wanted reach and grid together, got reach {reach} and grid {grid}")
        self.most, self.temperature, self.reach, self.grid = most, temperature, reach, grid
        if reach is not None and grid is not None:
            require_positive(reach=reach, rows=grid[0], columns=grid[1])
            places = torch.cartesian_prod(torch.arange(grid[0]), torch.arange(grid[1]))  # (N, 2)
            away = (places[:, None] - places).abs().amax(-1)  # (N, N), rows or columns
            self.register_buffer("far", away > reach, persistent=False)

    def weights(self, frame: Tensor, memory: Tensor) -> Tensor:
        """What each patch takes from each known patch, (B, N, F * M): non-negative, sums to 1; most are 0."""
        require_tokens(frame)
        if memory.ndim != 4 or memory.shape[0] != frame.shape[0] or memory.shape[3] != frame.shape[2]:
            wanted = f"({frame.shape[0]}, F, M, {frame.shape[2]})"
            raise ValueError(f"memory: wanted {wanted}, got {tuple(memory.shape)}")
        cosines = F.normalize(frame, dim=-1)[:, None] @ F.normalize(memory, dim=-1).mT  # (B, F, N, M)
        if self.reach is not None:
            if cosines.shape[2:] != self.far.shape:
                raise ValueError(
                    f"wanted {len(self.far)} patches in every frame, for the grid {self.grid}, "
                    f"got {cosines.shape[2]} and {cosines.shape[3]}"
                )
            cosines = cosines.masked_fill(self.far, -torch.inf)
        best = cosines.topk(min(self.most, cosines.shape[-1]), dim=-1)
        kept = torch.full_like(cosines, -torch.inf).scatter(-1, best.indices, best.values)
        scores = kept.transpose(1, 2).flatten(2) / self.temperature  # (B, N, F * M)
        return torch.softmax(scores, dim=-1)

    def forward(self, frame: Tensor, memory: Tensor, labels: Tensor) -> Tensor:
        weights = self.weights(frame, memory)
        if labels.ndim != 4 or labels.shape[:3] != memory.shape[:3]:
            raise ValueError(f"labels: wanted {(*memory.shape[:3], 'K')}, got {tuple(labels.shape)}")
        return weights @ labels.flatten(1, 2)  # (B, N, F * M) @ (B, F * M, K)


def remaining(target: Tensor, known: Tensor, frame: Tensor) -> Tensor:
    """How much of a target is still there: the share of its patches that find back to it.

    Each patch of the target looks for the most similar patch of the new frame, and that one for the most
    similar patch of the frame that is known. If the target is there, this leads back to it; if it is not, the
    patch that was found is one of its surroundings, and leads there.

    Args:
        target: (M,), bool: which patches of the known frame are the target's, some and not all.
        known: (M, D), features of that frame.
        frame: (N, D), features of the new one.

    Shape:
        (), from 0, none finds back, to 1, all do.

    Raises:
        ValueError: if the target has no patch, or every one.
    """
    if target.all() or not target.any():
        raise ValueError(f"target: wanted a part of the {len(target)} patches, got {int(target.sum())}")
    known, frame = F.normalize(known, dim=-1), F.normalize(frame, dim=-1)
    found = (known[target] @ frame.mT).argmax(dim=-1)  # (T,), places in the new frame
    back = (frame[found] @ known.mT).argmax(dim=-1)  # (T,), places in the known one
    return target[back].to(known).mean()


def main() -> None:
    """A mask follows its patches when they change places."""
    torch.manual_seed(0)
    first, order = torch.randn(1, 1, 12, 16), torch.randperm(12)
    labels = F.one_hot(torch.tensor([0] * 8 + [1] * 4), 2).float()[None, None]  # (1, 1, 12, 2)
    moved = LabelPropagation()(first[:, 0, order], first, labels)[0, :, 1]
    print("shares of the mask  ", [f"{share:.2f}" for share in moved])
    print("where it truly is   ", labels[0, 0, order, 1].int().tolist())
    print("what remains of it  ", remaining(labels[0, 0, :, 1] > 0, first[0, 0], first[0, 0, order]).item())


if __name__ == "__main__":
    main()
