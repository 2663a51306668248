"""How do the trained trackers of the contest follow whole films, the same ones under every disturbance?

The films are those of `carried.py`, and so are the scores, so that both records make one table. A tracker is
given the box of the first frame; from there each window lies around its own last answer, so that a mistake
has consequences. One way keeps its template up to date: after each frame a tenth of it is what was found.

Chapter: notebooks/applications/tracking.ipynb
Run: python -m visual_attention.chapters.tracking.followed
"""

import json
from pathlib import Path

import torch
from torch import Tensor

from visual_attention.chapters.tracking import carried, trained_finders
from visual_attention.chapters.tracking.encoder import packed
from visual_attention.chapters.tracking.films import Tracks
from visual_attention.chapters.tracking.finders import Pixels
from visual_attention.chapters.tracking.follow import corners_around, regions, template_of
from visual_attention.chapters.tracking.fusion import Finder
from visual_attention.chapters.tracking.paths import FRAME

RECORD = Path(__file__).parent / "records" / "followed.jsonl"
UPDATE = 0.1  # share of the template that a frame renews
SMALLEST = 4.0  # pixels below which no answer's side may fall


@torch.no_grad()
def follow(model: Finder, films: Tracks, *, target: int = 0, update: float = 0.0) -> Tensor:
    """Follow one thing of each film from its true box in the first frame, (B, T, 4) in shares of the frame.

    Args:
        model: in evaluation mode.
        films: B films of T frames.
        target: which thing.
        update: share of the template that each frame renews.
    """
    box = films.boxes[:, 0, target]
    template, path = template_of(films.frames[:, 0], box), [box]
    for frame in films.frames.unbind(1)[1:]:
        corners = corners_around(FRAME * path[-1][:, :2], (FRAME, FRAME))
        centre, size = model(packed(regions(frame, corners), template)).best()
        centre = (centre + corners).clamp(0, FRAME)
        path.append(torch.cat([centre, size.clamp(SMALLEST, FRAME)], dim=1) / FRAME)
        if update:
            template = (1 - update) * template + update * template_of(frame, path[-1])
    return torch.stack(path, dim=1)


def ways() -> dict[str, tuple[Finder, float]]:
    """Each way's network, and how much of its template a frame renews."""
    found: dict[str, tuple[Finder, float]] = {
        name: (trained_finders.load(name), 0.0) for name in trained_finders.NAMES
    }
    found["correlation, kept up to date"] = (found["correlation"][0], UPDATE)
    found["two ways, kept up to date"] = (found["two ways"][0], UPDATE)
    found["raw pixels"] = (Pixels().eval(), 0.0)
    return found


def rows() -> list[dict]:
    """The record, a row for each film, condition and way, as that of `carried`."""
    return [json.loads(line) for line in RECORD.read_text().splitlines()] if RECORD.exists() else []


def main() -> None:
    """Make what the record lacks, and show the means."""
    done, listed = {(row["film"], row["condition"]) for row in rows()}, ways()
    for seed in range(carried.FILMS):
        for condition in carried.CONDITIONS:
            if (seed, condition) in done:
                continue
            film = carried.film(seed, condition)
            made = []
            for way, (model, update) in listed.items():
                boxes = follow(model, film, update=update)[0]
                made.append({"film": seed, "condition": condition, "way": way, **carried.scored(boxes, film)})
            with open(RECORD, "a") as file:
                file.write("".join(json.dumps(row) + "\n" for row in made))
    for condition in carried.CONDITIONS:
        for way in listed:
            means = [carried.scores(rows(), way, condition, score).mean() for score in ("overlap", "near")]
            print(f"{condition}, {way}: overlap {means[0]:.0f}, near {means[1]:.0f}")


if __name__ == "__main__":
    main()
