"""How do the trained trackers of the contest follow whole films, the same ones under every disturbance?

The films are those of `carried.py`, and so are the scores, so that both records make one table. A tracker is
given the box of the first frame; from there each window lies around its own last answer, so that a mistake
has consequences. Added when that had been seen: places near the last answer count for more, as trackers of
the field have it, by a Hann window over the scores; two ways go without. Some ways keep their template up to
date: after each frame a tenth of it is what was found.

Chapter: notebooks/applications/tracking.ipynb
Run: python -m visual_attention.chapters.tracking.followed
"""

import math
from pathlib import Path

import torch
from torch import Tensor

from visual_attention.chapters.tracking import carried, trained_finders
from visual_attention.chapters.tracking.encoder import packed
from visual_attention.chapters.tracking.films import Tracks
from visual_attention.chapters.tracking.finders import Pixels
from visual_attention.chapters.tracking.follow import corners_around, regions, template_of
from visual_attention.chapters.tracking.fusion import Finder, middles
from visual_attention.chapters.tracking.paths import FRAME
from visual_attention.experiments import lines

RECORD = Path(__file__).parent / "records" / "followed.jsonl"
UPDATE = 0.1  # share of the template that a frame renews
WAYS = (
    *trained_finders.NAMES,
    "raw pixels",
    "two ways, kept up to date",
    "correlation, kept up to date",
    "two ways, anywhere",
    "correlation, anywhere",
)
STEP = 27.0  # pixels to either side at which the window over the scores comes to nothing
SMALLEST = 4.0  # pixels below which no answer's side may fall


@torch.no_grad()
def follow(
    model: Finder, films: Tracks, *, target: int = 0, update: float = 0.0, near: bool = True
) -> Tensor:
    """Follow one thing of each film from its true box in the first frame, (B, T, 4) in shares of the frame.

    Args:
        model: in evaluation mode.
        films: B films of T frames.
        target: which thing.
        update: share of the template that each frame renews.
        near: whether places near the last answer count for more.
    """
    box = films.boxes[:, 0, target]
    template, path = template_of(films.frames[:, 0], box), [box]
    for frame in films.frames.unbind(1)[1:]:
        last = FRAME * path[-1][:, :2]
        corners = corners_around(last, (FRAME, FRAME))
        answer = model(packed(regions(frame, corners), template))
        if near:
            answer = answer._replace(scores=nearer(answer.scores, last - corners))
        centre, size = answer.best()
        centre = (centre + corners).clamp(0, FRAME)
        path.append(torch.cat([centre, size.clamp(SMALLEST, FRAME)], dim=1) / FRAME)
        if update:
            template = (1 - update) * template + update * template_of(frame, path[-1])
    return torch.stack(path, dim=1)


def nearer(scores: Tensor, last: Tensor) -> Tensor:
    """The logarithm of chances (B, 64) times a Hann window around the last centre (B, 2), in pixels."""
    away = (middles(last) - last[:, None]).abs() / STEP  # (B, 64, 2)
    window = (0.5 + 0.5 * (math.pi * away.clamp(max=1)).cos()).prod(dim=-1)
    return scores.log_softmax(dim=1) + window.clamp(min=1e-6).log()


def ways() -> dict[str, tuple[Finder, dict]]:
    """Each way's network, and how it follows."""
    stored: dict[str, Finder] = {name: trained_finders.load(name) for name in trained_finders.NAMES}
    stored["raw pixels"] = Pixels().eval()
    options = {"": {}, "kept up to date": {"update": UPDATE}, "anywhere": {"near": False}}
    found = {}
    for way in WAYS:
        name, _, how = way.partition(", ")
        found[way] = (stored[name], options[how])
    return found


def rows() -> list[dict]:
    """The record, a row for each film, condition and way, as that of `carried`."""
    return lines.read(RECORD)


def main() -> None:
    """Make what the record lacks, and show the means."""
    done, listed = {(row["film"], row["condition"]) for row in rows()}, ways()
    for seed in range(carried.FILMS):
        for condition in carried.CONDITIONS:
            if (seed, condition) in done:
                continue
            film = carried.film(seed, condition)
            made = []
            for way, (model, options) in listed.items():
                boxes = follow(model, film, **options)[0]
                made.append({"film": seed, "condition": condition, "way": way, **carried.scored(boxes, film)})
            lines.append(RECORD, made)
    for condition in carried.CONDITIONS:
        for way in listed:
            means = [carried.scores(rows(), way, condition, score).mean() for score in ("overlap", "near")]
            print(f"{condition}, {way}: overlap {means[0]:.0f}, near {means[1]:.0f}")


if __name__ == "__main__":
    main()
