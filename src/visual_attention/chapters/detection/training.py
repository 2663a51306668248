"""How are scenes kept and shown, so that all networks see the same pictures in the same order?

A fixed number of scenes is drawn once and kept in bytes; each time one is shown, it may be mirrored and its
three colours may change places.

Chapter: notebooks/applications/detection.ipynb
"""

import functools

import torch
from torch import Tensor

from visual_attention.chapters.detection import scenes
from visual_attention.chapters.detection.scenes import Objects, Scenes


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
