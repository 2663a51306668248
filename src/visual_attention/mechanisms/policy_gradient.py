"""How does one learn to choose, when a choice cannot be differentiated?

Paper: Ronald J. Williams, "Simple Statistical Gradient-Following Algorithms for Connectionist Reinforcement
    Learning", Machine Learning 8, 1992 (REINFORCE and its baseline).
Chapter: notebooks/mechanisms/hard.ipynb
Run: python -m visual_attention.mechanisms.policy_gradient
"""

import torch


def reinforce_loss(
    log_probabilities: torch.Tensor, rewards: torch.Tensor, *, baselines: torch.Tensor | None = None
) -> torch.Tensor:
    """A scalar whose gradient is REINFORCE's estimate: choices that paid more become more likely.

    With baselines it counts what a choice paid beyond them, and a second term teaches them to predict the
    reward. The choices do not see that term, and the baselines do not see the first one.

    Args:
        log_probabilities: Logarithms of how likely the choices were, with their gradient.
        rewards: What each example earned, higher is better, or what each choice did.
        baselines: What was expected before the choices were made, or None to expect nothing.

    Shape:
        log_probabilities (B, T), rewards (B,) or (B, T), baselines (B, T) -> (): summed over T, mean over B.

    Raises:
        ValueError: if the shapes do not fit.
    """
    if log_probabilities.ndim != 2:
        raise ValueError(f"wanted log_probabilities (B, T), got shape {tuple(log_probabilities.shape)}")
    if rewards.shape not in (log_probabilities.shape, log_probabilities.shape[:1]):
        raise ValueError(
            f"wanted rewards (B,) or (B, T), that is {tuple(log_probabilities.shape[:1])} or "
            f"{tuple(log_probabilities.shape)}, got {tuple(rewards.shape)}"
        )
    if baselines is not None and baselines.shape != log_probabilities.shape:
        raise ValueError(
            f"wanted baselines of shape {tuple(log_probabilities.shape)}, got {tuple(baselines.shape)}"
        )
    earned = rewards.detach().view(len(rewards), -1).expand_as(log_probabilities)  # (B,) -> (B, T)
    if baselines is None:
        return -(log_probabilities * earned).sum(dim=1).mean()
    surprise = earned - baselines.detach()
    return -(log_probabilities * surprise).sum(dim=1).mean() + ((baselines - earned) ** 2).sum(dim=1).mean()


def main() -> None:
    """Three doors, of which the third one pays: what REINFORCE says on average, and what is true."""
    torch.manual_seed(0)
    scores = torch.zeros(3, requires_grad=True)
    pays = torch.tensor([1.0, 2.0, 6.0])
    exact = torch.autograd.grad(-(torch.softmax(scores, dim=0) * pays).sum(), scores)[0]
    print("exact gradient ", [f"{number:+.2f}" for number in exact.tolist()])
    drawn = torch.randint(3, (4000, 1))  # with equal scores each door is drawn as often
    chances = torch.log_softmax(scores, dim=0).expand(4000, 3).gather(1, drawn)
    for name, baselines in [("no baseline", None), ("baseline 3", torch.full((4000, 1), 3.0))]:
        loss = reinforce_loss(chances, pays[drawn], baselines=baselines)
        estimate = torch.autograd.grad(loss, scores, retain_graph=True)[0]
        print(f"{name:<15}", [f"{number:+.2f}" for number in estimate.tolist()])


if __name__ == "__main__":
    main()
