"""What is the gradient of a choice, exactly and by estimate?

One patch out of N is chosen by a glance at the whole image, blurred. With N that small, the gradient of the
expected loss can be had exactly, by trying each patch, and the estimators that need no trying can be held
against it.

Paper: Kelvin Xu et al., "Show, Attend and Tell: Neural Image Caption Generation with Visual Attention",
    ICML 2015, section 4.1 (stochastic hard attention); Eric Jang, Shixiang Gu and Ben Poole, "Categorical
    Reparameterization with Gumbel-Softmax", ICLR 2017, sections 2.1 and 2.2.
Chapter: notebooks/mechanisms/hard.ipynb
Run: python -m visual_attention.mechanisms.patch_choice
"""

import torch
from torch import nn
from torch.nn import functional as F

from visual_attention.mechanisms.inputs import require_feature_map, require_positive
from visual_attention.mechanisms.noise import uniform
from visual_attention.mechanisms.policy_gradient import reinforce_loss


class PatchChoice(nn.Module):
    """Classify an image from one of its patches, chosen by an overview of the whole.

    A third layer, `expect`, is the baseline, which only the loss asks.

    Args:
        classes: Number of classes.
        patch: P, side of a patch in pixels. Patches lie side by side, and P divides H and W.
        image_size: H and W in pixels.
        overview: Side in pixels to which the image is averaged for the choice; it divides H and W.
        hidden: Width of the hidden layers.

    Shape:
        (B, 1, H, W) -> (B, classes), scores from the patch that the model likes best.

    Raises:
        ValueError: if a side does not divide the image's; at call, if the image is not a (B, 1, H, W).
    """

    def __init__(
        self, classes: int, *, patch: int = 12, image_size: int = 36, overview: int = 9, hidden: int = 64
    ):
        super().__init__()
        require_positive(classes=classes, patch=patch, overview=overview, hidden=hidden)
        if image_size % patch or image_size % overview:
            raise ValueError(
                f"wanted patch and overview to divide image_size {image_size}, got {patch} and {overview}"
            )
        self.patch, self.image_size, self.overview = patch, image_size, overview
        places = (image_size // patch) ** 2
        self.choose = nn.Sequential(nn.Linear(overview**2, hidden), nn.ReLU(), nn.Linear(hidden, places))
        self.expect = nn.Sequential(nn.Linear(overview**2, hidden), nn.ReLU(), nn.Linear(hidden, 1))
        self.read = nn.Sequential(nn.Linear(patch**2, hidden), nn.ReLU(), nn.Linear(hidden, classes))

    def patches(self, x: torch.Tensor) -> torch.Tensor:
        """All patches row by row, (B, 1, H, W) -> (B, N, P * P)."""
        return F.unfold(x, self.patch, stride=self.patch).mT

    def glance(self, x: torch.Tensor) -> torch.Tensor:
        """The blurred image, (B, 1, H, W) -> (B, overview * overview)."""
        require_feature_map(x, channels=1)
        if x.shape[2:] != (self.image_size, self.image_size):
            wanted, came = self.image_size, " x ".join(map(str, x.shape[2:]))
            raise ValueError(f"wanted images of {wanted} x {wanted} pixels, got {came}")
        return F.adaptive_avg_pool2d(x, self.overview).flatten(start_dim=1)

    def scores(self, x: torch.Tensor) -> torch.Tensor:
        """How much the model likes each patch, (B, N), any real number."""
        return self.choose(self.glance(x))

    def weights(self, x: torch.Tensor) -> torch.Tensor:
        """1 for the patch that is looked at, 0 for all others, (B, N)."""
        scores = self.scores(x)
        return F.one_hot(scores.argmax(dim=1), scores.shape[1]).to(scores.dtype)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The classes' scores from that patch, (B, classes)."""
        return self.read_with(x, self.weights(x))

    def read_with(self, x: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """The classes' scores from the sum of all patches under weights (B, N), (B, classes)."""
        return self.read(torch.einsum("bn,bnp->bp", weights, self.patches(x)))


def losses_of_all(model: PatchChoice, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The cross-entropy that each of the patches would give, (B, N)."""
    read = model.read(model.patches(x))  # (B, N, classes)
    return F.cross_entropy(read.mT, labels[:, None].expand(read.shape[:2]), reduction="none")


def exact_loss(model: PatchChoice, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The expected loss of a random choice, by enumeration: its gradient is the yardstick.

    It costs N readings of an image where an estimate costs one.
    """
    chances = torch.softmax(model.scores(x), dim=1)
    return (chances * losses_of_all(model, x, labels)).sum(dim=1).mean()


def reinforce_choice_loss(
    model: PatchChoice,
    x: torch.Tensor,
    labels: torch.Tensor,
    *,
    baseline: bool = True,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Draw one patch for each image, read it, and let REINFORCE judge the choice by the loss it led to."""
    log_chances = torch.log_softmax(model.scores(x), dim=1)  # (B, N)
    chances = log_chances.exp().detach()
    drawn = torch.multinomial(chances.to(generator.device if generator else x.device), 1, generator=generator)
    chosen = drawn.to(x.device)  # (B, 1)
    weights = F.one_hot(chosen[:, 0], log_chances.shape[1]).to(x.dtype)
    losses = F.cross_entropy(model.read_with(x, weights), labels, reduction="none")  # (B,)
    expected = model.expect(model.glance(x)) if baseline else None
    return losses.mean() + reinforce_loss(log_chances.gather(1, chosen), -losses, baselines=expected)


def entropy(scores: torch.Tensor) -> torch.Tensor:
    """How undecided a choice is, (B, N) -> (B,): 0 for a sure one, log N where all are as likely."""
    log_chances = torch.log_softmax(scores, dim=1)
    return -(log_chances.exp() * log_chances).sum(dim=1)


def gumbel_choice_loss(
    model: PatchChoice,
    x: torch.Tensor,
    labels: torch.Tensor,
    *,
    temperature: float = 1.0,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Draw one patch for each image; on the way back, pretend that it was a blend (straight-through)."""
    weights = gumbel_softmax(model.scores(x), temperature=temperature, generator=generator)
    return F.cross_entropy(model.read_with(x, weights), labels)


def soft_choice_loss(model: PatchChoice, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Read a blend of all patches, weighted by the softmax: soft attention, nothing is drawn."""
    return F.cross_entropy(model.read_with(x, torch.softmax(model.scores(x), dim=1)), labels)


def gumbel_softmax(
    scores: torch.Tensor, *, temperature: float = 1.0, generator: torch.Generator | None = None
) -> torch.Tensor:
    """One-hot draws from the softmax of the scores, with the gradient of a blend.

    Gumbel noise on the scores makes the largest one a draw from their softmax. Forward the winner gets weight
    1, all others 0; backward the gradient is that of the softmax of the noisy scores over the temperature.

    Args:
        scores: Unnormalised log probabilities.
        temperature: Towards 0 the blend becomes the draw: less bias, more variance.

    Shape:
        (B, N) -> (B, N): one 1 in each row.
    """
    require_positive(temperature=temperature)
    drawn = uniform(scores.shape, like=scores, generator=generator)
    noisy = scores - torch.log(-torch.log(drawn.clamp(1e-20, 1 - 1e-7))).to(scores.dtype)
    blend = torch.softmax(noisy / temperature, dim=1)
    winner = F.one_hot(noisy.argmax(dim=1), scores.shape[1]).to(scores.dtype)
    return winner + blend - blend.detach()


def main() -> None:
    """Hold two estimates of a gradient against the exact one, at an untrained model and random images."""
    torch.manual_seed(0)
    model, images, labels = PatchChoice(10), torch.rand(8, 1, 36, 36), torch.arange(8)
    weight = model.choose[2].weight
    exact = torch.autograd.grad(exact_loss(model, images, labels), weight)[0]
    for name, loss in [("REINFORCE", reinforce_choice_loss), ("Gumbel", gumbel_choice_loss)]:
        draws = [torch.autograd.grad(loss(model, images, labels), weight)[0] for _ in range(200)]
        mean = torch.stack(draws).mean(dim=0)
        cosine = F.cosine_similarity(mean.flatten(), exact.flatten(), dim=0)
        print(f"{name:>10}: cosine of the mean of 200 estimates with the exact gradient {cosine.item():+.2f}")


if __name__ == "__main__":
    main()
