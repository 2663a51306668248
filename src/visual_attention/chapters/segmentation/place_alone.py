"""Does a click's look read the picture, or only where the click is? And what does the plain index read?

In the contest one query looks, and a rival's query keeps its place and is given the features under its click.
Two things are asked of them. In the stored network that looks, what keys and values say of the picture is
exchanged for what they say of the next one, and their codes of places stay; or the codes become their mean,
and what they say of the picture stays. And two more queries join the contest: one keeps its place and gets
nothing, the other gets the features under its click and does not keep its place. Asked by an outsider, after
the record had been seen; the rate is that of the rival that has both.

Chapter: notebooks/applications/segmentation.ipynb
Run: python -m visual_attention.chapters.segmentation.place_alone
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn

from visual_attention.chapters.segmentation import asking, click_claims, clicks, trained_clicks
from visual_attention.chapters.segmentation.prompt import (
    WIDTHS,
    ClickDecoder,
    Prompted,
    Seen,
    grid_code,
    under,
)
from visual_attention.experiments.again import Again, compare
from visual_attention.experiments.question import Contender, Setting

RATE = 3e-3  # as the contest chose it for the rival that has both
EXCHANGED = ("nothing", "content", "places")


class _PlaceDecoder(ClickDecoder):
    """A decoder whose queries keep their place, look nowhere and are given nothing."""

    def find(self, seen: Seen, clicks: Tensor, change=None) -> Tensor:
        """The queries themselves, (B, K, D)."""
        return self.ask(clicks)


class _FeaturesDecoder(ClickDecoder):
    """A decoder whose queries are given the features under their clicks and do not keep their place."""

    def find(self, seen: Seen, clicks: Tensor, change=None) -> Tensor:
        """What lies under each click, and the click's kind, (B, K, D)."""
        return self.kinds(clicks) + self.given(under(seen.pixels, clicks))


def network(decoder: type[ClickDecoder], **options: str) -> Callable[[Setting], nn.Module]:
    """How the contest's network is built with such a decoder, which has no layer that looks."""

    def build(setting: Setting) -> nn.Module:
        model = Prompted(dim=setting["dim"])
        model.decoder = decoder(WIDTHS[:2], dim=setting["dim"], depth=0, **options)
        return asking.with_encoder(model)

    return build


PLACE = Contender(
    "the place alone",
    "rival",
    network(_PlaceDecoder),
    "The query keeps its place, is given nothing, and looks nowhere.",
    "neither a look nor an index",
)
FEATURES = Contender(
    "features alone",
    "rival",
    network(_FeaturesDecoder, looks="at the click"),
    "The query is given the features under its click, and does not keep its place.",
    "an index",
)
CONTEST = click_claims.QUESTION
QUESTION = replace(
    CONTEST, contenders=(CONTEST.attention, PLACE, FEATURES), task=replace(CONTEST.task, cuts={})
)  # the contest's cuts change weights, and here are none
RUNS = {
    one.name: Again("segmentation-place", QUESTION, CONTEST.middle, one.name, RATE, seeds)
    for one, seeds in ((PLACE, 5), (FEATURES, 3))
}


@torch.no_grad()
def exchanged(what: str, *, count: int = 200) -> float:
    """The IoU after one click of the stored network, when a part of its keys and values is another one.

    Args:
        what: "nothing"; "content", which becomes that of the next picture; or "places", whose codes become
            their mean.
        count: pictures.

    Raises:
        ValueError: for another word.
    """
    if what not in EXCHANGED:
        raise ValueError(f"wanted one of {', '.join(EXCHANGED)}; got {what!r}")
    model = trained_clicks.load()
    drawn = asking.asked(clicks.batch(count, split="test", generator=torch.Generator().manual_seed(7)))
    seen = asking.see(model, drawn)
    codes = model.decoder.where(grid_code(drawn.places, 2))  # (N, D)
    content = seen.keys - codes
    content = content.roll(1, dims=0) if what == "content" else content
    codes = codes.mean(dim=0) if what == "places" else codes
    answer = model.answer(seen._replace(keys=content + codes), drawn.clicks) > 0
    return 100 * clicks.iou(answer, drawn.masks).mean().item()


def main() -> None:
    """Print what the stored network reads; make what the record lacks, and compare."""
    print(", ".join(f"{what} exchanged {exchanged(what):.1f} %" for what in EXCHANGED))
    compare(*RUNS.values(), others=("at the click", "the click looks", "uniform weights"))


if __name__ == "__main__":
    main()
