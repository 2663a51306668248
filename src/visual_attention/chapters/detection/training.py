"""How are detectors trained on scenes, so that all see the same pictures in the same order?

A fixed number of scenes is drawn once and kept in bytes; each time one is shown, it may be mirrored and its
three colours may change places.

Chapter: notebooks/applications/detection.ipynb
"""

import functools
import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from visual_attention.chapters.detection import scenes
from visual_attention.chapters.detection.scenes import Objects, Scenes
from visual_attention.training import fit

WEIGHT_DECAY = 1e-4


@functools.lru_cache(maxsize=2)
def drawn(count: int, *, split: str, seed: int, **options) -> Scenes:
    """`count` scenes, their images in bytes (count, 3, 64, 64); shared between callers, so copy to write."""
    generator = torch.Generator().manual_seed(seed)
    parts = []
    for start in range(0, count, 64):
        part = scenes.batch(min(64, count - start), split=split, generator=generator, **options)
        parts.append(part._replace(images=(255 * part.images).round().byte()))
    objects = Objects(*(torch.cat(each) for each in zip(*(part.objects for part in parts), strict=True)))
    return Scenes(torch.cat([p.images for p in parts]), objects, torch.cat([p.hidden for p in parts]))


def ready(images: Tensor) -> Tensor:
    """Bytes as numbers from 0 to 1."""
    return images.float() / 255


def show(pool: Scenes, count: int, generator: torch.Generator) -> tuple[Tensor, Objects]:
    """Some scenes of a pool, half of them mirrored, their colours shuffled: images and objects."""
    chosen = torch.randint(len(pool.images), (count,), generator=generator)
    images, objects = ready(pool.images[chosen]), Objects(*(part[chosen] for part in pool.objects))
    order = torch.rand(count, 3, generator=generator).argsort(dim=1)  # of the three colours
    images = images.gather(1, order[:, :, None, None].expand_as(images))
    mirrored = torch.rand(count, generator=generator) < 0.5
    return mirror(images, objects, mirrored)


def mirror(images: Tensor, objects: Objects, which: Tensor) -> tuple[Tensor, Objects]:
    """Left and right exchanged in the images for which it is wanted, and in their boxes."""
    images = torch.where(which[:, None, None, None], images.flip(-1), images)
    x = torch.where(which[:, None] & objects.present, 1 - objects.boxes[..., 0], objects.boxes[..., 0])
    return images, objects._replace(boxes=torch.cat([x[..., None], objects.boxes[..., 1:]], dim=-1))


class Watch:
    """Scores a model at equal distances while it trains, and counts the processor time of the training alone.

    Args:
        score: Gives the score of the model as it is.
        steps: All updates of the run.
        checks: How often it is scored, the last time at the end.
    """

    def __init__(self, score: Callable[[], float], steps: int, *, checks: int = 5):
        self.score, self.checks, self.every = score, checks, max(1, steps // checks)
        self.spent, self.since = 0.0, time.process_time()
        self.steps: list[int] = []
        self.seconds: list[float] = []
        self.scores: list[float] = []

    def __call__(self, step: int) -> None:
        """To be called before each update, and once after the last."""
        if not step or step % self.every or len(self.scores) == self.checks:
            return
        self.spent += time.process_time() - self.since
        self.steps.append(step)
        self.seconds.append(self.spent)
        self.scores.append(self.score())
        self.since = time.process_time()


def train(
    model: nn.Module,
    pool: Scenes,
    *,
    seed: int,
    steps: int,
    batch: int = 32,
    lr: float = 1e-3,
    progress: bool = False,
    watch: Callable[[int], None] | None = None,
) -> list[float]:
    """Train a detector; the seed fixes what is shown, the same for every model.

    Args:
        model: has ``loss(images, objects)``.
        pool: scenes in bytes, as :func:`drawn` gives them.
        seed: of the order, the mirrors and the colours.
        steps: how many updates.
        batch: B, scenes in a step.
        lr: learning rate at the start; it falls to 0 in half a cosine.
        progress: whether to show a bar.
        watch: called with the number of updates made so far, before each update.

    Returns:
        The loss of each step.
    """
    generator = torch.Generator().manual_seed(seed)

    def batches(step: int) -> tuple[Tensor, Objects]:
        if watch is not None:
            watch(step)
        return show(pool, batch, generator)

    def loss(model: nn.Module, shown: tuple[Tensor, Objects]) -> Tensor:
        return model.loss(*shown)

    return fit(model, batches, loss, steps=steps, lr=lr, weight_decay=WEIGHT_DECAY, progress=progress)


def detect(model: nn.Module, scenes: Scenes, *, batch: int = 100, **options) -> list:
    """What a detector finds in scenes whose images are in bytes; its mode is afterwards what it was."""
    was_training = model.training
    model.eval()
    try:
        return [one for part in _parts(scenes.images, batch) for one in model.detect(ready(part), **options)]
    finally:
        model.train(was_training)


def _parts(images: Tensor, size: int) -> Iterator[Tensor]:
    yield from images.split(size)
