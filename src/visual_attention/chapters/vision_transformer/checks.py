"""Checks of the exercises on the vision transformer.

Chapter: notebooks/mechanisms/vision_transformer.ipynb
"""

from visual_attention.chapters.vision_transformer import mistakes
from visual_attention.exercises.report import Check, exercise


@exercise(points=4)
def check_patchify(student, check: Check):
    """The pixels of each patch, patches row by row, (B, N, C * P * P)."""
    for points, inputs, name in (
        (2, [(check.random(2, 3, 10, 14), 2), (check.random(3, 2, 9, 6, seed=1), 3)], "your patches"),
        (2, [(check.random(1, 3, 20, 5, seed=2), 5)], "your patches of a single tall image"),
    ):
        got = []
        for images, size in inputs:
            got.append(check.call(student, images, size))
            want = mistakes.patchify(images, size)
            shapes = mistakes.in_patchify_shape(images, size)
            check.tensor(got[-1], shape=want.shape, shapes=shapes, name=name)
        want = mistakes.each(mistakes.patchify, inputs)
        if not check.equal(got, want, points=points, name=name, mistakes=mistakes.in_patchify(inputs)):
            return


@exercise(points=4)
def check_sequence(student, check: Check):
    """The class token, then the patches, each with its position added, (B, 1 + N, D)."""
    sizes = ((2, 5, 7), (3, 11, 4))
    inputs = [
        (check.random(b, n, d, seed=b), check.random(1, 1, d, seed=9), check.random(1, 1 + n, d, seed=n))
        for b, n, d in sizes
    ]
    got = []
    for given in inputs:
        got.append(check.call(student, *given))
        shape = mistakes.sequence(*given).shape
        check.tensor(got[-1], shape=shape, shapes=mistakes.in_sequence_shape(given[0]), name="your sequence")
    want = mistakes.each(mistakes.sequence, inputs)
    wrong = mistakes.in_sequence(inputs)
    if not check.equal(got, want, points=3, name="your sequence", mistakes=wrong):
        return
    patches, class_token, positions = (tensor.clone().requires_grad_() for tensor in inputs[0])
    got = check.call(student, patches, class_token, positions)
    check.gradients(got, points=1, patches=patches, class_token=class_token, positions=positions)


@exercise(points=4)
def check_class_view(student, check: Check):
    """What the class token takes from each patch in each head, (B, h, rows, columns)."""
    inputs = [
        (check.random(2, 3, 16, 16, seed=1).softmax(-1), (3, 5)),
        (check.random(3, 2, 15, 15, seed=2).softmax(-1), (7, 2)),
    ]
    name = "your view"
    got = []
    for weights, grid in inputs:
        got.append(check.call(student, weights, grid))
        shapes = mistakes.in_class_view_shape(weights, grid)
        check.tensor(got[-1], shape=(*weights.shape[:2], *grid), shapes=shapes, name=name)
    want = [weights[:, :, 0, 1:].unflatten(-1, grid) for weights, grid in inputs]
    check.equal(got, want, points=4, name=name, mistakes=mistakes.in_class_view(inputs))


@exercise(points=5)
def check_stretch(student, check: Check):
    """Positions for another grid of patches, bicubic, the class token's as it was."""
    inputs = [
        (check.random(1, 1 + 16, 3), (6, 5)),
        (check.random(1, 1 + 9, 2, seed=1), (2, 7)),
    ]
    name = "your positions"
    got = []
    for positions, grid in inputs:
        got.append(check.call(student, positions, grid))
        shape = (1, 1 + grid[0] * grid[1], positions.shape[-1])
        shapes = mistakes.in_stretch_shape(positions, grid)
        check.tensor(got[-1], shape=shape, shapes=shapes, name=name)
    want = mistakes.each(mistakes.stretch, inputs)
    if not check.equal(got, want, points=4, name=name, mistakes=mistakes.in_stretch(inputs)):
        return
    positions = inputs[0][0].clone().requires_grad_()
    check.gradients(check.call(student, positions, (6, 5)), points=1, positions=positions)
