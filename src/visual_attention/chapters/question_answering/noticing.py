"""Does a decoder that was never asked about absent things notice that the thing asked for is absent?

It names a colour all the same. But its stream may tell more than its words. It is asked for the colour of a
thing that is there, and of one that is not, and three things are read at each token from the name on, after
each block: the largest weight that a head has on one cell, where nothing is trained; a linear probe; and a
probe that is a small network. Which block, head and token is read is chosen on pictures that are neither
learned from nor judged on. A first answer had the linear probe alone, and said that such a decoder hardly
notices. Asked by an outsider, after that; three more decoders are trained for it, on seeds that the outsider
named, for twice as many steps as those whose inventions are counted.

Chapter: notebooks/applications/question_answering.ipynb
Run: python -m visual_attention.chapters.question_answering.noticing
"""

import warnings
from pathlib import Path
from typing import NamedTuple

import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from visual_attention.chapters.question_answering import decoder, inventing, sentences, trained_decoders
from visual_attention.chapters.question_answering.decoder import PictureDecoder
from visual_attention.chapters.question_answering.small_world import PLACES
from visual_attention.experiments import lines, verdict
from visual_attention.experiments.verdict import Interval

FILE = Path(__file__).parent / "records" / "noticing.jsonl"
SEEDS, STEPS = (2, 5, 6), 2000
STORED = {"stored": "never", "stored, taught to deny": "in all"}
TOKENS = ("the name", "?", "the first word", "is", "the colour")  # the last three are its own
PARTS = {"learned": ("validation", 21, 800), "chosen": ("validation", 51, 400), "judged": ("test", 99, 400)}
PROBES = ("linear", "small network")


class Read(NamedTuple):
    """What goes on where a decoder is asked for a colour: of B / 2 things that are there, then of B / 2 that
    are not. `stream` (K, B, 5, D), the tokens after each block; `weights` (K, h, B, 5), the largest weight
    that a head of a token has on one cell; `there` (B,)."""

    stream: Tensor
    weights: Tensor
    there: Tensor


class Found(NamedTuple):
    """What one head tells, chosen on other pictures: `block` and `head`, counted from 1, `token`; on the
    judged pictures the `weights` (B,) and whether the thing is `there` (B,); `pairs`, in how many pairs of
    pictures with the thing and without it the first has the larger weight; `right`, how often a cut between
    the two tells, both in percent."""

    block: int
    head: int
    token: str
    weights: Tensor
    there: Tensor
    pairs: float
    right: float


@torch.no_grad()
def read(model: PictureDecoder, part: str) -> Read:
    """What goes on in a decoder on one of `PARTS`."""
    split, first, count = PARTS[part]
    streams, largest = [], []
    for k, sort in enumerate(("attribute", "absent")):
        seed = first if split == "test" else first + k
        said = sentences.draw(count, split, torch.Generator().manual_seed(seed), sorts=(sort,))
        tokens = torch.cat([said.tokens[:, : decoder.ASKED], inventing.told(model, said)], dim=1)[:, :-1]
        weights = model.weights(said.cells, tokens)[..., -len(TOKENS) :, :PLACES]  # (B, K, h, 5, 9)
        largest.append(weights.amax(dim=-1).permute(1, 2, 0, 3))
        made, kept = model._stream(said.cells, tokens), []
        for block in model.blocks:
            made = block(made)
            kept.append(made[:, -len(TOKENS) :])
        streams.append(torch.stack(kept))
    there = torch.arange(2 * count) < count
    return Read(torch.cat(streams, dim=1), torch.cat(largest, dim=2), there)


def by_weight(model: PictureDecoder) -> Found:
    """How well the largest weight of one head on a cell tells whether the thing is there."""
    chosen, judged = read(model, "chosen"), read(model, "judged")
    blocks, heads, _, tokens = chosen.weights.shape
    places = [
        (block, head, token) for block in range(blocks) for head in range(heads) for token in range(tokens)
    ]
    block, head, token = max(places, key=lambda at: _pairs(chosen, *at))
    cut = _cut(chosen.weights[block, head, :, token], chosen.there)
    weights = judged.weights[block, head, :, token]
    right = 100 * ((weights > cut) == judged.there).double().mean().item()
    pairs = _pairs(judged, block, head, token)
    return Found(block + 1, head + 1, TOKENS[token], weights, judged.there, pairs, right)


def _pairs(found: Read, block: int, head: int, token: int) -> float:
    return 100 * float(roc_auc_score(found.there, found.weights[block, head, :, token]))


def _cut(weights: Tensor, there: Tensor) -> float:
    """The weight above which most are there and below which most are not."""
    cuts = weights.sort().values
    right = ((weights > cuts[:, None]) == there).double().mean(dim=1)
    return cuts[right.argmax()].item()


def probe(kind: str) -> Pipeline:
    """A probe that knows nothing yet: one of `PROBES`."""
    if kind not in PROBES:
        raise ValueError(f"wanted one of {', '.join(PROBES)}; got {kind!r}")
    many = MLPClassifier((64,), max_iter=150, random_state=0)
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000) if kind == "linear" else many)


def by_probe(model: PictureDecoder, kind: str, at: tuple[int, str] | None = None) -> tuple[float, int, str]:
    """How often a probe tells whether the thing is there, in percent, and the block and the token that it
    reads: those that are given, or the best on other pictures than it is judged on."""
    learned, chosen, judged = (read(model, part) for part in PARTS)
    blocks, _, tokens, _ = learned.stream.shape
    places = [(block, token) for block in range(blocks) for token in range(tokens)]
    if at is not None:
        places = [(at[0] - 1, TOKENS.index(at[1]))]
    best, found = -1.0, (0.0, 0, "")
    for block, token in places:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            reader = probe(kind).fit(learned.stream[block, :, token].numpy(), learned.there.numpy())
        told = [
            reader.score(part.stream[block, :, token].numpy(), part.there.numpy())
            for part in (chosen, judged)
        ]
        if told[0] > best:
            best, found = told[0], (100 * float(told[1]), block + 1, TOKENS[token])
    return found


def measured(model: PictureDecoder) -> dict:
    """What a row says of a decoder."""
    scores, head = inventing.scores(model), by_weight(model)
    row = {"attributes": scores["true: attribute"], "invented": scores["invented: absent"]}
    row |= {"pairs": round(head.pairs, 1), "by weight": round(head.right, 1)}
    row |= {"head": [head.block, head.head, head.token]}
    for kind in PROBES:
        share, *place = by_probe(model, kind)
        row |= {kind: round(share, 1), f"{kind}, where": place}
    return row


def rows() -> list[dict]:
    """A row for each decoder."""
    return lines.read(FILE)


def over_decoders(name: str) -> Interval:
    """The mean of a number over the decoders that were never asked about absent things, with its interval."""
    values = [row[name] for row in rows() if row["decoder"] != "stored, taught to deny"]
    return verdict.over_seeds(values)


def main() -> None:
    """Train and measure what the file lacks."""
    torch.set_num_threads(1)
    done = {row["decoder"] for row in rows()}
    for name in (*STORED, *(f"seed {seed}" for seed in SEEDS)):
        if name in done:
            continue
        if name in STORED:
            model = trained_decoders.load(STORED[name])
        else:
            model = inventing.learn("never", int(name.removeprefix("seed ")), steps=STEPS)
        row = {"decoder": name} | measured(model)
        lines.append(FILE, [row])
        print(row, flush=True)


if __name__ == "__main__":
    main()
