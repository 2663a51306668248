"""Can a network look at a few small places of an image and at nothing else?

Paper: Volodymyr Mnih, Nicolas Heess, Alex Graves and Koray Kavukcuoglu, "Recurrent Models of Visual
    Attention", NeurIPS 2014, sections 3.1 and 3.2.
Chapter: notebooks/mechanisms/hard.ipynb
Run: python -m visual_attention.mechanisms.hard
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from visual_attention.mechanisms.glimpses import GlimpseNetwork, GlimpseSensor, LocationNetwork, he_start
from visual_attention.mechanisms.inputs import require_feature_map, require_positive
from visual_attention.mechanisms.noise import normal, uniform
from visual_attention.mechanisms.policy_gradient import reinforce_loss


class Episode(NamedTuple):
    """What happened while a model looked at a batch of images, one entry for each of T glimpses."""

    scores: torch.Tensor  # (B, T, classes), before the softmax, after each glimpse
    locations: torch.Tensor  # (B, T, 2), where the glimpses were taken, in [-1, 1]
    log_probabilities: torch.Tensor  # (B, T), of having chosen these places; 0 for the first, which is given
    baselines: torch.Tensor  # (B, T), the reward that was expected before the choice; 0 for the first


class RecurrentAttentionModel(nn.Module):
    """Look at an image through a few glimpses, each placed by what the glimpses before it have shown.

    The first glimpse is at the centre. A recurrent state gathers what was seen and where; from it come the
    next location and, after each glimpse, the scores of the classes.

    Args:
        classes: Number of classes.
        glimpses: T, how often the model looks.
        sensor: Cuts the patches; by default 12 pixels wide at three scales.
        dim: D, width of the state and of a glimpse's vector.
        spread: Standard deviation with which locations are drawn in training.

    Shape:
        (B, 1, H, W) -> (B, classes), scores after the last glimpse.

    Raises:
        ValueError: at call, if the image is not a (B, 1, H, W) of floating point.

    Differs from the paper: the first glimpse is at the centre instead of at random; there are scores after
        each glimpse, not after the last one alone; locations are means in (-1, 1) by a tanh.

    Derivatives: those of what is seen. Places carry no gradient: they are taught by
        :func:`hard_attention_loss`, or, with ``sample(x, pathwise=True)``, by :func:`pathwise_loss`.
    """

    def __init__(
        self,
        classes: int,
        *,
        glimpses: int = 6,
        sensor: GlimpseSensor | None = None,
        dim: int = 128,
        spread: float = 0.25,
    ):
        super().__init__()
        require_positive(classes=classes, glimpses=glimpses, dim=dim)
        self.glimpses = glimpses
        self.dim = dim
        self.glimpse = GlimpseNetwork(sensor or GlimpseSensor(), out=dim)
        self.recur = nn.Linear(2 * dim, dim)
        self.locate = LocationNetwork(dim, spread=spread)
        self.expect = nn.Linear(dim, 1)
        self.classify = nn.Linear(dim, classes)
        he_start(self.recur)

    def locations(self, x: torch.Tensor) -> torch.Tensor:
        """Where the model looks, (B, T, 2): (x, y) in [-1, 1], x right, y down. The same places each time."""
        return self._look(x, lambda step, mean: mean.detach()).locations

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The scores after the last of the glimpses at ``locations(x)``, (B, classes)."""
        return self._look(x, lambda step, mean: mean.detach()).scores[:, -1]

    def look(self, x: torch.Tensor, locations: torch.Tensor) -> torch.Tensor:
        """The scores after each glimpse at places that you choose, (B, T, 2) -> (B, T, classes); any T."""
        if (
            locations.ndim != 3
            or len(locations) != len(x)
            or locations.shape[2] != 2
            or not locations.shape[1]
        ):
            raise ValueError(f"wanted locations ({len(x)}, T, 2), got shape {tuple(locations.shape)}")
        return self._look(
            x, lambda step, mean: locations[:, step], steps=locations.shape[1], first=True
        ).scores

    def sample(
        self, x: torch.Tensor, *, pathwise: bool = False, generator: torch.Generator | None = None
    ) -> Episode:
        """Look at places drawn around the means, as training does.

        With ``pathwise`` the drawn places keep their gradient, which runs through the sensor into the means.
        """

        def draw(step: int, mean: torch.Tensor) -> torch.Tensor:
            drawn = mean + self.locate.spread * normal(mean.shape, like=mean, generator=generator)
            return drawn if pathwise else drawn.detach()

        return self._look(x, draw)

    def _look(
        self,
        x: torch.Tensor,
        choose: Callable[[int, torch.Tensor], torch.Tensor],
        *,
        steps: int | None = None,
        first: bool = False,
    ) -> Episode:
        """Glimpse after glimpse; ``choose`` turns a mean into a place, also the ``first`` if wanted."""
        require_feature_map(x, channels=1)
        state = x.new_zeros(len(x), self.dim)
        moments = []
        for step in range(steps or self.glimpses):
            mean = self.locate(state)  # (B, 2)
            expected = self.expect(state.detach())[:, 0]  # (B,)
            if step or first:
                drawn = choose(step, mean)
                log_probability = self.locate.log_probability(mean, drawn)
            else:
                drawn = torch.zeros_like(mean)
                log_probability = expected = x.new_zeros(len(x))
            place = drawn.clamp(-1, 1)
            seen = self.glimpse(x, place)
            state = torch.relu(self.recur(torch.cat([state, seen], dim=1)))
            moments.append(Episode(self.classify(state), place, log_probability, expected))
        return Episode(*(torch.stack(entries, dim=1) for entries in zip(*moments, strict=True)))


def hard_attention_loss(episode: Episode, labels: torch.Tensor, *, baseline: bool = True) -> torch.Tensor:
    """What training lowers: cross-entropy for what was seen, REINFORCE for where the model looked.

    A choice of place is rewarded with the mean probability that the true class gets from then on.

    Args:
        episode: What ``RecurrentAttentionModel.sample`` gave.
        labels: (B,), the true classes.
        baseline: Whether the reward is compared with what the model expected.

    Differs from the paper: there the only reward is 1 for a right answer at the end.
    """
    glimpses = episode.scores.shape[1]
    losses = losses_of_glimpses(episode.scores, labels)  # (B, T)
    later = torch.arange(glimpses, 0, -1, device=losses.device)  # how many glimpses remain, this one counted
    rewards = torch.exp(-losses.detach()).flip(1).cumsum(1).flip(1) / later
    chosen = reinforce_loss(
        episode.log_probabilities[:, 1:],
        rewards[:, 1:],
        baselines=episode.baselines[:, 1:] if baseline else None,
    )
    return losses.mean() + chosen


def pathwise_loss(episode: Episode, labels: torch.Tensor) -> torch.Tensor:
    """The mean cross-entropy after each glimpse, whose gradient also says where a glimpse should have been.

    Where a pixel slides out of a patch the loss has a slope in the place, because the sensor interpolates. It
    says in which direction the loss falls *here*, and nothing of what lies further away.

    Args:
        episode: What ``RecurrentAttentionModel.sample`` gave, with ``pathwise=True``.
        labels: (B,), the true classes.
    """
    return losses_of_glimpses(episode.scores, labels).mean()


def losses_of_glimpses(scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The cross-entropy after each glimpse, (B, T, classes), (B,) -> (B, T)."""
    wanted = labels[:, None].expand(scores.shape[:2])
    return F.cross_entropy(scores.mT, wanted, reduction="none")


def random_locations(
    count: int,
    glimpses: int,
    *,
    like: torch.Tensor | None = None,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Places for a model that does not choose, (B, T, 2): the centre, then anywhere in the image alike.

    They have the type and the device of ``like``, if it is given.
    """
    like = torch.empty(()) if like is None else like
    places = 2 * uniform((count, glimpses, 2), like=like, generator=generator).to(like.dtype) - 1
    places[:, 0] = 0.0
    return places


def main() -> None:
    """Take six glimpses of two random images with an untrained model."""
    torch.manual_seed(0)
    images = torch.rand(2, 1, 60, 60)
    model = RecurrentAttentionModel(10)
    print(
        "looks at   ",
        [[f"{number:+.2f}" for number in place] for place in model.locations(images)[0].tolist()],
    )
    print(
        "sees       ",
        model.glimpses * model.glimpse.sensor.pixels(),
        "numbers of",
        images[0].numel(),
        "pixels",
    )
    print("scores     ", tuple(model(images).shape))
    episode = model.sample(images)
    print("loss       ", f"{hard_attention_loss(episode, torch.tensor([3, 7])).item():.2f}")


if __name__ == "__main__":
    main()
