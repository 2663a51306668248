"""Who reads the digits, by which rule, and what each is told of neighbours."""

from functools import partial

import pytest
import torch

from tests.chapters import contest
from visual_attention.chapters.vision_transformer import anywhere, claims, networks
from visual_attention.data import digits
from visual_attention.experiments import registry
from visual_attention.mechanisms.uniform_attention import UniformAttention
from visual_attention.training import parameters, seeded

QUESTION = registry.question("vision_transformer")
SETTING = QUESTION.setting
NAMES = [contender.name for contender in QUESTION.contenders]
READERS = [name for name in NAMES if name not in ("mixer", "pixels") and "convolution," not in name]
READERS.remove("convolution")
names = pytest.mark.parametrize("name", NAMES)


build = partial(contest.build, QUESTION)
drawn = partial(contest.drawn, QUESTION)


def test_the_rule_is_the_one_that_was_written_down():
    recipe = QUESTION.recipe
    assert (recipe.steps, recipe.batch, recipe.warmup, recipe.examples) == (1024, 32, 64, 500)
    assert (QUESTION.margin, QUESTION.faster, QUESTION.level, QUESTION.seeds) == (5, 1.5, 80, 10)
    assert (QUESTION.sets, QUESTION.rates) == ((200, 800, 3200), (1e-3, 3e-3, 1e-2, 3e-2))
    assert QUESTION.rule == "2aa02a94eb97"
    assert QUESTION.specification_rule == "52f27f0e3bc7"


@names
def test_everyone_names_digits_and_mixes_no_pictures(name):
    model, images = build(name).eval(), drawn().images
    with torch.no_grad():
        scores = model(images)
        assert scores.shape == (6, 10)
        torch.testing.assert_close(model(images[2:3]), scores[2:3], atol=1e-5, rtol=1e-4)


@names
def test_every_parameter_that_counts_gets_a_gradient(name):
    model, batch = build(name), drawn(8, "train")
    with seeded(0):
        claims.loss(model, batch).backward()
    for key, parameter in model.named_parameters():
        if name == "uniform attention" and ".qkv." in key:
            assert parameter.grad[2 * SETTING["width"] :].abs().sum() > 0  # queries and keys are not asked
        else:
            assert parameter.grad is not None and parameter.grad.abs().sum() > 0, key


def test_sizes_are_those_that_the_page_tells():
    sizes = {name: parameters(build(name)) for name in NAMES}
    assert sizes.pop("pixels") == 2570 and sizes["transformer"] == 27050
    assert sizes.pop("convolutional stem") == 32458 and sizes.pop("convolution, places kept") == 32575
    assert all(abs(size - 27050) < 700 for size in sizes.values())


def test_who_moves_pictures_trains_on_moved_ones_and_nobody_else():
    seen = {}

    class Looks(torch.nn.Module):
        def __init__(self, moves):
            super().__init__()
            self.moves = moves

        def forward(self, images):
            seen[self.moves] = images
            return torch.zeros(len(images), 10)

    batch = drawn(50, anywhere=False)
    with seeded(0):
        for moves in (False, True):
            claims.loss(Looks(moves), batch)
    assert torch.equal(seen[False], batch.images)
    corner = anywhere.moved(batch, torch.zeros(50, 2, dtype=torch.long)).images
    apart = [
        (anywhere.roll(corner, torch.tensor([[row, column]]).expand(50, 2)) - seen[True])
        .abs()
        .amax((1, 2, 3))
        for row in range(5)
        for column in range(5)
    ]
    places = torch.stack(apart).argmin(0)
    assert torch.stack(apart).amin(0).max() == 0 and len(places.unique()) > 15
    assert {name for name in NAMES if build(name).moves} == {"transformer, moved", "convolution, moved"}


def test_what_the_score_says_by_hand():
    class Corner(torch.nn.Module):
        """Names 3 if the digit touches the upper rows, else 5."""

        def forward(self, images):
            high = images[:, 0, :2].flatten(1).amax(1) > 0
            return torch.nn.functional.one_hot(torch.where(high, 3, 5), 10).float()

    batch = drawn(300)
    high = batch.images[:, 0, :2].flatten(1).amax(1) > 0
    again = anywhere.elsewhere(batch).images[:, 0, :2].flatten(1).amax(1) > 0
    got = claims.score(Corner(), batch)
    right = torch.where(high, 3, 5) == batch.labels
    assert got["accuracy"] == pytest.approx(100 * right.float().mean().item())
    assert got["same answer elsewhere"] == pytest.approx(100 * (high == again).float().mean().item())
    assert 20 < got["same answer elsewhere"] < 80


def test_the_mean_is_invariant_in_the_middle_of_a_picture_and_places_side_by_side_are_not():
    """Four pixels are one cell of the last map; the borders are kept away by an empty margin."""
    model = build("convolution").eval()
    kept = networks.Convolution(26, mean=False)
    kept.see.load_state_dict(model.see.state_dict())
    kept.eval()
    image = torch.zeros(1, 1, 64, 64)
    image[..., 20:32, 20:32] = drawn(1, anywhere=False).images[..., 2:14, 2:14]
    with torch.no_grad():
        here, there = model.see(image), model.see(image.roll(4, dims=3))
        torch.testing.assert_close(there[..., 5:-4], here[..., 4:-5], atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(there.mean((2, 3)), here.mean((2, 3)), atol=1e-4, rtol=0)
        small = image[..., 18:34, 18:34], image.roll(4, dims=3)[..., 18:34, 18:34]
        assert not torch.allclose(kept(small[0]), kept(small[1]), atol=1e-3)


def test_what_is_read_from_which_token():
    images = drawn().images
    for name, mean in (("transformer", False), ("mean of patches", True)):
        model = build(name).eval()
        with torch.no_grad():
            tokens = model.transformer(images)
            read = tokens[:, 1:].mean(1) if mean else tokens[:, 0]
            torch.testing.assert_close(model(images), model.head(read))


def test_one_convolution_reads_the_mean_and_the_other_each_place():
    images = drawn().images
    model, kept = build("convolution").eval(), build("convolution, places kept").eval()
    with torch.no_grad():
        torch.testing.assert_close(model(images), model.head(model.see(images).mean((2, 3))))
        torch.testing.assert_close(kept(images), kept.head(kept.see(images).flatten(1)))


def test_the_stem_overlaps_and_patches_do_not():
    image = torch.zeros(1, 1, 16, 16, requires_grad=True)
    for name, rows in (("transformer", 4), ("convolutional stem", 7)):
        model = build(name).eval()
        image.grad = None
        model.transformer.patch_embed(image)[0, 5].abs().sum().backward()  # the patch at row 1, column 1
        assert (image.grad[0, 0].abs().sum(1) > 0).sum() == rows
        assert model.transformer.patch_embed.grid(image) == (4, 4)


def test_uniform_attention_is_uniform_in_every_block():
    blocks = build("uniform attention").transformer.blocks
    assert len(blocks) == 2 and all(isinstance(block.attn, UniformAttention) for block in blocks)


def test_a_cut_that_changes_nothing_leaves_the_scores():
    images = drawn().images
    for name in READERS:
        model = build(name).eval()
        with torch.no_grad():
            torch.testing.assert_close(model.read_with(images, lambda weights: weights), model(images))


def test_cuts_by_hand():
    weights = torch.rand(2, 3, 17, 17, generator=torch.Generator().manual_seed(0)).softmax(-1)
    assert torch.equal(claims.uniform(weights), torch.full((2, 3, 17, 17), 1 / 17))
    assert torch.equal(claims.anothers(weights), weights.flip(0))
    batch = drawn(40)
    with torch.no_grad():
        for name in NAMES:
            model = build(name).eval()
            found = {cut: change(model, batch) for cut, change in QUESTION.task.cuts.items()}
            assert (found["uniform weights"] is None) == (name not in READERS)
            assert (found["another picture's weights"] is None) == (name not in READERS)
            assert found["patches exchanged"] is not None
        model = build("transformer").eval()
        told = 100 * (model.read_with(batch.images, claims.anothers).argmax(1) == batch.labels).float().mean()
        assert QUESTION.task.cuts["another picture's weights"](model, batch) == pytest.approx(told.item())


def test_patches_are_exchanged_whole():
    images = drawn(3).images
    order = torch.randperm(16, generator=torch.Generator().manual_seed(0))
    got = networks.exchanged(images, order)
    for place, old in enumerate(order.tolist()):
        (row, column), (first, second) = divmod(place, 4), divmod(old, 4)
        new = got[:, :, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
        assert torch.equal(new, images[:, :, 4 * first : 4 * first + 4, 4 * second : 4 * second + 4])


def test_training_validation_and_test_share_no_digit():
    sides = {split: digits.tight(name, 12)[0].flatten(1) for split, name in claims.SPLITS.items()}
    assert [len(sides[split]) for split in claims.SPLITS] == [3600, 400, 1000]
    for one, two in (("train", "validation"), ("train", "test"), ("validation", "test")):
        apart = torch.cdist(sides[one], sides[two], compute_mode="donot_use_mm_for_euclid_dist")
        assert apart.min() > 0


def test_the_setting_reaches_network_and_pictures():
    assert len(build("transformer", depth=3).transformer.blocks) == 3
    assert build("transformer", heads=1).transformer.blocks[0].attn.heads == 1
    assert build("mixer", width=48).head.in_features == 48
    assert build("convolution", width=96).head.in_features == 3 * 79 // 2
    assert (drawn(anywhere=False).places == 2).all() and (drawn(20).places != 2).any()


def test_the_chapter_trains_on_digits_in_the_middle():
    model, scores = claims.live("convolution", steps=2, points=1)
    assert list(scores) == [2] and isinstance(model, networks.Convolution)
    assert claims.live.keywords["anywhere"] is False
