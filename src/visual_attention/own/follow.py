"""Where does the thing of the first frame go? A mask, carried by attention of frozen features, with no
training.

Chapter: notebooks/applications/tracking.ipynb
"""

import time
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm.auto import tqdm

from visual_attention.mechanisms.label_propagation import LabelPropagation, remaining
from visual_attention.own.features import Extractor, in_words
from visual_attention.own.frames import Frames

LONGER = 448  # pixels of the longer side: 32 patches of 14
KNOWN = 3  # frames remembered at the start, and at the end
GONE = 0.25  # below this the target is said to be gone


@dataclass(frozen=True)
class Followed:
    """A mask in every frame.

    Args:
        shares: (T, rows, columns), the share of the target in each patch, from 0 to 1.
        present: (T,), how much of the target is there, from 0 to 1.
        frames: the film.
    """

    shares: Tensor
    present: Tensor
    frames: Frames

    def masks(self, height: int, width: int) -> Tensor:
        """Which pixels of frames of any size are the target's, (T, H, W), bool."""
        large = F.interpolate(
            self.shares[:, None], (height, width), mode="bilinear", align_corners=False
        )  # (T, 1, rows, columns) -> (T, 1, H, W)
        return large[:, 0] > 0.5

    def gone(self) -> list[int]:
        """The frames in which the target is not to be found, counted from 1."""
        return [index + 1 for index, sure in enumerate(self.present.tolist()) if sure < GONE]


@torch.inference_mode()
def follow(frames: Frames, mask: Tensor, extractor: Extractor, *, progress: bool = True) -> Followed:
    """Carry a mask through all frames.

    Args:
        frames: T of them.
        mask: (H, W), 1 where the target is in the first frame, of the size that the frames came in.
        extractor: the frozen transformer.
        progress: whether to show a bar, and to say how long it will take.

    Raises:
        ValueError: if the mask is of another size, or covers everything.
    """
    if mask.shape != (frames.height, frames.width):
        raise ValueError(f"mask: wanted {(frames.height, frames.width)}, got {tuple(mask.shape)}")
    rows, columns = (side // extractor.patch for side in frames.small.shape[-2:])
    labels = F.interpolate(mask[None, None], (rows, columns), mode="area").flatten()[:, None]  # (N, 1)
    if not (labels > 0.5).any():
        labels = (labels >= labels.max()).to(labels)  # a target smaller than a patch keeps its best one
    if (labels > 0.5).all():
        raise ValueError(
            "mask: wanted one that leaves a part of the picture free, got one that covers it all"
        )
    propagate, features, kept, present = LabelPropagation(), [], [labels], [torch.tensor(1.0)]
    started = time.perf_counter()
    with tqdm(frames.small, desc="frames", unit="frame", disable=not progress) as bar:
        for index, frame in enumerate(bar):
            features.append(extractor.look(frame)[1:])  # (N, D)
            if index == 0:
                if progress:
                    left = in_words((time.perf_counter() - started) * (len(frames.small) - 1))
                    bar.write(f"{len(frames.small)} frames of {columns} x {rows} patches: about {left}")
                continue
            known = sorted({*range(min(KNOWN, index)), *range(max(0, index - KNOWN), index)})
            memory = torch.stack([features[i] for i in known])[None]  # (1, F, N, D)
            carried = torch.stack([kept[i] for i in known])[None]
            kept.append(propagate(features[-1][None], memory, carried)[0])
            present.append(score(features, kept))
    return Followed(torch.stack(kept)[..., 0].view(-1, rows, columns), torch.stack(present), frames)


def score(features: list[Tensor], kept: list[Tensor]) -> Tensor:
    """How much of the target came over into the last frame, from 0 to 1.

    Asked of the frame before; of the first, if the target was gone there. Where no patch is more than half
    the target's, it is 0.

    Args:
        features: (N, D) of each frame so far.
        kept: (N, 1) of each frame so far, the share of the target in each patch.
    """
    now, before = (shares[:, 0] > 0.5 for shares in (kept[-1], kept[-2]))
    if not now.any():
        return torch.tensor(0.0)
    start = -2 if before.any() and not before.all() else 0
    return remaining(kept[start][:, 0] > 0.5, features[start], features[-1])
