"""Pieces of photographs: they lie in the blocks of their split, and the splits share no pixel."""

import pytest
import torch

from visual_attention.chapters.channel.pieces import BLOCK, GROUPS, NAMES, PIECE, SIDE, batch, blocks, main
from visual_attention.data import crops


def drawn(count, split, seed=0, **chosen):
    return batch(count, split=split, generator=torch.Generator().manual_seed(seed), **chosen)


def test_blocks_are_dealt_out_evenly_and_once():
    dealt = {split: {tuple(corner) for corner in blocks(split).tolist()} for split in GROUPS}
    assert {split: len(corners) for split, corners in dealt.items()} == {
        "test": 20,
        "validation": 20,
        "train": 60,
    }
    assert not dealt["test"] & dealt["train"] and not dealt["test"] & dealt["validation"]
    for side in (0, 1):  # each row and each column of blocks has blocks for testing
        assert len({corner[side] for corner in dealt["test"]}) == SIDE // BLOCK
    with pytest.raises(ValueError, match="wanted one of test, validation, train; got 'half'"):
        blocks("half")


@pytest.mark.parametrize("split", GROUPS)
def test_a_piece_lies_in_one_block_of_its_split(split):
    shown, bank = drawn(12, split), crops.bank(NAMES, SIDE)
    for image, label in zip(shown.images, shown.labels, strict=True):
        places = []
        for row, column in blocks(split).tolist():
            block = bank[label, :, row : row + BLOCK, column : column + BLOCK]
            windows = block.unfold(1, PIECE, 1).unfold(2, PIECE, 1)
            hits = [
                (windows == one[:, None, None]).all(dim=(0, 3, 4)).any() for one in (image, image.flip(2))
            ]
            places.append(any(hits))
        assert any(places)


@pytest.mark.slow
def test_half_of_the_pieces_are_flipped_and_all_photographs_come():
    shown = drawn(600, "train")
    assert shown.labels.bincount(minlength=len(NAMES)).min() > 25
    bank = crops.bank(NAMES, SIDE)
    flipped = 0
    for image, label in zip(shown.images[:60], shown.labels[:60], strict=True):
        windows = bank[label].unfold(1, PIECE, 1).unfold(2, PIECE, 1)
        flipped += not bool((windows == image[:, None, None]).all(dim=(0, 3, 4)).any())
    assert 15 < flipped < 45


def test_sizes():
    assert drawn(3, "test", size=24).images.shape == (3, 3, 24, 24)
    with pytest.raises(ValueError, match="from 4 to 24 pixels, got 25"):
        drawn(3, "test", size=25)


def test_the_module_runs(capsys):
    main()
    assert "train      60 blocks" in capsys.readouterr().out
