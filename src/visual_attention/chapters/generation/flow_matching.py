"""How does noise become a picture?

Draw a straight line from a noise to a picture. A network learns, at any point of any such line, in which
direction to go; following its answer from fresh noise ends at a fresh picture.

Paper: Yaron Lipman, Ricky T. Q. Chen, Heli Ben-Hamu, Maximilian Nickel and Matt Le, "Flow Matching for
    Generative Modeling", ICLR 2023, section 4.1, with the straight paths of its example II.
Chapter: notebooks/applications/generation.ipynb
Run: python -m visual_attention.chapters.generation.flow_matching
"""

from collections.abc import Callable

import torch
from torch import Tensor

from visual_attention.mechanisms.noise import normal, uniform

Velocity = Callable[[Tensor, Tensor], Tensor]  # (B, C, H, W) and times (B,) -> (B, C, H, W)


def interpolate(noise: Tensor, pictures: Tensor, times: Tensor) -> Tensor:
    """The point at each time on the line from noise, at time 0, to a picture, at time 1.

    Shape:
        two of (B, C, H, W) and (B,) -> (B, C, H, W).

    Raises:
        ValueError: if noise and pictures differ in shape, or there is not one time for each picture.
    """
    _require_pair(noise, pictures)
    require_times(times, len(pictures))
    share = times.view(-1, *[1] * (pictures.ndim - 1))  # (B, 1, 1, 1)
    return (1 - share) * noise + share * pictures


def target_velocity(noise: Tensor, pictures: Tensor) -> Tensor:
    """The direction of the line from noise to picture, the same all along it: two of (B, C, H, W) -> one."""
    _require_pair(noise, pictures)
    return pictures - noise


def flow_loss(
    velocity: Velocity, pictures: Tensor, *, generator: torch.Generator | None = None, even: bool = False
) -> Tensor:
    """The squared error of a velocity field on lines from fresh noise, at random times; a scalar.

    Args:
        velocity: What is trained, a model or a function of points and times.
        pictures: The ends of the lines, (B, C, H, W).
        generator: Seeds noise and times.
        even: Whether errors at all times count alike, as in the paper.

    Raises:
        ValueError: if there is no picture.

    Differs from the paper: an error at time t counts by (1 - t) squared. That makes it the error in where the
        path would end, :func:`foreseen`, and keeps the last moments from drowning the rest. The best field
        is the same.
    """
    if not len(pictures):
        raise ValueError("wanted at least one picture to take the mean error of, got none")
    noise = normal(pictures.shape, like=pictures, generator=generator)
    times = uniform(pictures.shape[:1], like=pictures, generator=generator).to(pictures.dtype)
    error = velocity(interpolate(noise, pictures, times), times) - target_velocity(noise, pictures)
    if not even:
        error = (1 - times.view(-1, *[1] * (pictures.ndim - 1))) * error
    return error.square().mean()


def trajectory(velocity: Velocity, noise: Tensor, *, steps: int) -> Tensor:
    """Follow a velocity field from time 0 to time 1 in equal steps (Euler's method).

    Args:
        velocity: The field.
        noise: Where to start, (B, C, H, W).
        steps: T, how many steps of length 1 / T.

    Shape:
        (B, C, H, W) -> (T + 1, B, C, H, W): the start, and the point after each step.

    Raises:
        ValueError: if ``steps`` is below 1.
    """
    if steps < 1:
        raise ValueError(f"wanted 1 step or more, got {steps}: without a step noise stays noise")
    points = [noise]
    for step in range(steps):
        times = noise.new_full((len(noise),), step / steps)
        points.append(points[-1] + velocity(points[-1], times) / steps)
    return torch.stack(points)


def sample(velocity: Velocity, noise: Tensor, *, steps: int = 24) -> Tensor:
    """The end of :func:`trajectory`: (B, C, H, W) -> (B, C, H, W)."""
    return trajectory(velocity, noise, steps=steps)[-1]


def foreseen(velocity: Velocity, x: Tensor, times: Tensor) -> Tensor:
    """Where the path would end if it went straight on from here: the picture as the model expects it."""
    require_times(times, len(x))
    return x + (1 - times.view(-1, *[1] * (x.ndim - 1))) * velocity(x, times)


def require_times(times: Tensor, count: int) -> None:
    """Require one time for each picture; times from 0 (noise) to 1 (picture) are meant.

    Raises:
        ValueError: if they are no (B,) of floating point.
    """
    if not isinstance(times, Tensor) or times.shape != (count,):
        got = tuple(times.shape) if isinstance(times, Tensor) else type(times).__name__
        raise ValueError(f"wanted one time for each of {count} pictures, a tensor ({count},), got {got}")
    if not times.is_floating_point():
        raise ValueError(f"wanted times of floating point, from 0 to 1, got {times.dtype}")


def _require_pair(noise: Tensor, pictures: Tensor) -> None:
    if noise.shape != pictures.shape:
        raise ValueError(
            f"wanted noise and pictures of one shape, got {tuple(noise.shape)} and {tuple(pictures.shape)}"
        )


def main() -> None:
    """Follow a field that is known: all lines lead to one picture."""
    torch.manual_seed(0)
    noise, picture = torch.randn(2, 1, 3, 5), torch.rand(1, 1, 3, 5)

    def towards(x: Tensor, times: Tensor) -> Tensor:
        return (picture - x) / (1 - times.view(-1, 1, 1, 1))

    for steps in (1, 3, 10):
        gap = (sample(towards, noise, steps=steps) - picture).abs().max()
        print(f"{steps:2} steps end {gap:.1e} from the picture")
    print("loss of this field for this picture:", f"{flow_loss(towards, picture):.1e}")


if __name__ == "__main__":
    main()
