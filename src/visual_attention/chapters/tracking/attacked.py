"""What did outsiders try on the stored trackers and on the films, after both had been seen?

Three questions that the page had left open. Are thirty scenes enough to call the stored trackers level? The
same four networks look for 300 things in 150 other scenes of the test. And is it the tracker's own slips that
cost it its lead on films? The same films again, but each window lies around where the target truly was in
the frame before, so that a slip has no consequence. And does a lead that was learned where things stand on a
grid last where they have left it, as they do on films? As many scenes again, off the grid. No network was
trained anew.

Chapter: notebooks/applications/tracking.ipynb
Run: python -m visual_attention.chapters.tracking.attacked
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from visual_attention.chapters.tracking import carried, finding, finding_cuts, followed, trained_finders
from visual_attention.chapters.tracking.encoder import packed
from visual_attention.chapters.tracking.films import Tracks
from visual_attention.chapters.tracking.finders import Pixels
from visual_attention.chapters.tracking.follow import corners_around, regions, template_of
from visual_attention.chapters.tracking.fusion import Finder
from visual_attention.chapters.tracking.paths import FRAME
from visual_attention.experiments import lines
from visual_attention.experiments.verdict import Interval, paired

RECORD = Path(__file__).parent / "records" / "attacked.jsonl"
SCENES, SEED = 150, 11
WAYS = (*trained_finders.NAMES, "raw pixels")
SCENES_KIND, FILMS_KIND, OFF_KIND = "more scenes", "around the truth", "off the grid"


def network(way: str) -> Finder:
    """A stored tracker, or the correlation of pixels."""
    return Pixels().eval() if way == "raw pixels" else trained_finders.load(way)


@torch.no_grad()
def of_scenes(*, grid: bool = True) -> list[dict]:
    """A row for each network: the share of targets found, in percent, by condition and scene."""
    generator = torch.Generator().manual_seed(SEED)
    seen = finding.for_test(14 * SCENES, split="test", grid=grid, generator=generator)
    made = []
    for way in WAYS:
        hit = 100 * finding_cuts.hits(network(way)(seen.pairs, seen.tokens), seen)
        by_scene = hit.view(SCENES, -1, len(finding.CONDITIONS)).mean(dim=1).T.tolist()
        row = {"kind": SCENES_KIND if grid else OFF_KIND, "way": way}
        made.append(row | dict(zip(finding.CONDITIONS, by_scene, strict=True)))
    return made


@torch.no_grad()
def around_the_truth(model: Finder, film: Tracks) -> Tensor:
    """Boxes (T, 4) of one film's target where each window lies around its true place in the frame before."""
    boxes = film.boxes[:, :, 0]
    template, path = template_of(film.frames[:, 0], boxes[:, 0]), [boxes[:, 0]]
    for index, frame in enumerate(film.frames.unbind(1)[1:]):
        last = FRAME * boxes[:, index, :2]
        corners = corners_around(last, (FRAME, FRAME))
        answer = model(packed(regions(frame, corners), template))
        answer = answer._replace(scores=followed.nearer(answer.scores, last - corners))
        centre, size = answer.best()
        path.append(torch.cat([(centre + corners).clamp(0, FRAME), size], dim=1) / FRAME)
    return torch.stack(path, dim=1)[0]


def of_films() -> list[dict]:
    """A row for each network: the frames whose centre is near, in percent, by condition and film."""
    made = [{"kind": FILMS_KIND, "way": way} | {name: [] for name in carried.CONDITIONS} for way in WAYS]
    for seed in range(carried.FILMS):
        for condition in carried.CONDITIONS:
            film = carried.film(seed, condition)
            for row in made:
                boxes = around_the_truth(network(row["way"]), film)
                row[condition].append(100 * carried.scored(boxes, film)["near"])
    return made


def rows() -> list[dict]:
    """The record: a row for each kind and network."""
    return lines.read(RECORD)


def scores(record: list[dict], kind: str, way: str, conditions: Sequence[str]) -> Tensor:
    """The mean over conditions, a number for each scene or film."""
    row = next(row for row in record if (row["kind"], row["way"]) == (kind, way))
    return torch.tensor([row[name] for name in conditions]).mean(dim=0)


def ahead(record: list[dict], kind: str, other: str, conditions: Sequence[str]) -> Interval:
    """How far *two ways* is ahead of another, scene by scene or film by film, in points."""
    own, theirs = (scores(record, kind, way, conditions) for way in ("two ways", other))
    return paired(own.tolist(), theirs.tolist())


def main() -> None:
    """Make the record anew, and show the means."""
    made = of_scenes() + of_films() + of_scenes(grid=False)
    lines.replace(RECORD, made)
    for row in made:
        means = {name: round(sum(x) / len(x)) for name, x in row.items() if isinstance(x, list)}
        print(row["kind"], row["way"], means)


if __name__ == "__main__":
    main()
