"""The encoder: places are where they are said to be, and its loss asks each thing for itself."""

import pytest
import torch

from visual_attention.chapters.tracking import encoder as module
from visual_attention.chapters.tracking import tracks
from visual_attention.chapters.tracking.encoder import EDGE, Encoder, encoder, named
from visual_attention.training import seeded


def test_places_have_three_and_six_pixels():
    with seeded(0):
        model = Encoder(width=4, dim=5).eval()
    x = torch.rand(2, 3, 12, 18)
    assert model.fine(x).shape == (2, 5, 4, 6) and model(x).shape == (2, 5, 2, 3)
    moved = torch.zeros(1, 3, 60, 60)
    moved[:, :, 30:36, 24:30] = 1
    there = (model(moved) - model(torch.zeros_like(moved))).abs().sum(1)[0]
    row, column = divmod(there.argmax().item(), 10)
    assert abs(row - 5) <= 1 and abs(column - 4) <= 1


def test_a_pair_is_read_window_first():
    pairs = torch.randint(0, 256, (2, 3, 48, 72), dtype=torch.uint8)
    with torch.no_grad():
        got, window = encoder().pair(pairs), encoder()(pairs[..., :48].float() / 255)
    assert got.shape == (2, 80, 32)
    torch.testing.assert_close(got[:, :64], window.flatten(2).mT)


def test_names_come_from_where_the_thing_lies():
    features = torch.zeros(1, 2, 10, 10)
    features[0, 0, :, :5], features[0, 1, :, 5:] = 1, 1  # left and right
    boxes = torch.tensor([[[0.2, 0.5, 0.1, 0.1], [0.8, 0.5, 0.1, 0.1]]])
    torch.testing.assert_close(named(features, boxes)[0], torch.eye(2))


def test_the_loss_is_small_where_things_find_themselves():
    films = tracks.pairs(4, split="learning", generator=torch.Generator().manual_seed(0))

    class Knows(torch.nn.Module):
        def __init__(self, order):
            super().__init__()
            self.order, self.calls = order, 0

        def forward(self, x):
            made = torch.zeros(len(x), 7, *(side // 6 for side in x.shape[2:]))
            frame = self.calls
            self.calls += 1
            for film in range(len(x)):
                for thing in range(7):
                    centre = 64 * films.boxes[film, frame, thing, :2] - EDGE
                    column, row = (centre / 6).long().clamp(0, 9).tolist()
                    name = thing if frame == 0 else self.order[thing]
                    made[film, name, max(0, row - 1) : row + 2, max(0, column - 1) : column + 2] = 1
            return made

    right, wrong = (module.loss(Knows(order), films) for order in (range(7), [1, 2, 3, 4, 5, 6, 0]))
    assert right < 0.5 < wrong


def test_the_stored_one_tells_unseen_things_apart():
    films = tracks.pairs(48, split="validation", generator=torch.Generator().manual_seed(1))
    assert module.told_apart(encoder(), films) > 0.65
    with seeded(0):
        assert module.told_apart(Encoder().eval(), films) < 0.6


def test_it_is_frozen_shared_and_small():
    assert encoder() is encoder() and not any(p.requires_grad for p in encoder().parameters())
    assert not encoder().training and module.FILE.stat().st_size < 70_000


@pytest.mark.slow
def test_training_repeats_itself():
    one, two = (module.learn(films=64, steps=2, progress=False) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))


@pytest.mark.parametrize("split", ["learning", "validation"])
def test_learning_and_validation_share_no_thing_but_coins(split):
    from visual_attention.chapters.tracking import films, sprites

    whole, part = sprites.families("train"), sprites.families(split)
    other = sprites.families("validation" if split == "learning" else "learning")
    for name, kept in part.items():
        assert len(kept) + len(other.get(name, [])) == len(whole[name]) and len(kept) >= 8
    assert set(films.BACKGROUNDS["learning"]).isdisjoint(films.BACKGROUNDS["validation"])
    for name in set(part) & set(other):
        assert not (part[name][:, None] == other[name][None]).flatten(2).all(2).any()
