"""Does a method pass the tests of noise and of the answer, or do its signs?

Some methods give signs and some give sizes. Sizes keep what is large in the picture or in the frame, whatever
the network is; signs turn with the network. So each method is held to both tests with its signs and without.

Chapter: notebooks/deeper/explanation.ipynb
Run: python -m visual_attention.chapters.explanation.signs
"""

from collections.abc import Callable

from torch import Tensor, nn

from visual_attention.chapters.explanation import claims, maps, networks, trained, trials
from visual_attention.chapters.explanation.verdicts import CHANGED


def signed_gradient(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """How the score would change if all pixels of a cell became a little brighter: the sum of the slopes."""
    return maps.cells(maps.slope(model, images, answers))


def sizes_of_shares(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """Integrated gradients without their signs, pixel by pixel, summed up over each cell."""
    return maps.cells(maps.shares_of_pixels(model, images, answers).abs())


def sizes_of_falls(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """Occlusion without its signs: how much the score changes, up or down, when a cell is covered."""
    return maps.occlusion(model, images, answers).abs()


# method -> with its signs, without
PAIRS: dict[str, tuple[maps.Method, maps.Method]] = {
    "gradient": (signed_gradient, maps.gradient),
    "integrated gradients": (maps.integrated_gradients, sizes_of_shares),
    "occlusion": (maps.occlusion, sizes_of_falls),
}


def tested(
    method: maps.Method,
    model: nn.Module,
    build: Callable[[], nn.Module],
    images: Tensor,
    answers: Tensor,
    *,
    seed: int = 30_000,
) -> dict[str, float]:
    """Rank correlations with the map after noise, as the record has them.

    Args:
        method: what is tested.
        model: a trained network.
        build: makes an untrained one of the same kind.
        images: pictures, two or more.
        answers: their answers.
        seed: of the untrained network.
    """
    head = trials.randomised(model, build, 1, seed=seed)
    noise = trials.randomised(model, build, len(model.cascade()), seed=seed)
    found, noisy = method(model, images, answers), method(noise, images, answers)
    like = {
        "noise": trials.alike(found, noisy),
        "noise, another picture": trials.alike(found, noisy.roll(1, 0)),
        "another head": trials.alike(found, method(head, images, answers)),
    }
    return {name: each.mean().item() for name, each in like.items()}


def main() -> None:
    model = trained.load("transformer")
    plain = claims.chosen(model, trained.SEED, CHANGED, share=0.0)
    for name, pair in PAIRS.items():
        for how, method in zip(("with signs", "sizes only"), pair, strict=True):
            found = tested(method, model, networks.SmallTransformer, plain.images, plain.labels)
            print(f"{name:21} {how}", *(f"{what} {value:.2f}" for what, value in found.items()))


if __name__ == "__main__":
    main()
