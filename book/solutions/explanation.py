"""Reference solutions of the exercises in notebooks/deeper/explanation.ipynb."""

import torch
from torch.nn import functional as F


def rollout(weights):
    """What the class token takes from each patch through all blocks: (L, B, h, T, T) -> (B, T - 1)."""
    eye = torch.eye(weights.shape[-1])
    result = eye.expand(weights.shape[1], -1, -1)
    for layer in weights.mean(dim=2):  # (L, B, T, T)
        result = (layer + eye) / 2 @ result
    return result[:, 0, 1:]


def integrated_gradients(function, x, start, steps):
    """Shares (B, D) that sum to function(x) - function(start), up to the error of the sum."""
    total = torch.zeros_like(x)
    for step in range(steps):
        point = (start + (step + 0.5) / steps * (x - start)).requires_grad_()
        total += torch.autograd.grad(function(point).sum(), point)[0]
    return (x - start) * total / steps


def delete_cells(images, filling, found, count):
    """The pictures with the `count` highest cells of each map taken from the filling."""
    chosen = found.flatten(1).argsort(dim=1, descending=True)[:, :count]
    gone = torch.zeros_like(found).flatten(1).scatter(1, chosen, 1.0).view_as(found)
    mask = F.interpolate(gone, size=images.shape[-2:], mode="nearest")
    return torch.where(mask > 0.5, filling, images)


def fall_for_it(model, images, labels):
    """The network, trained on pictures in which a mark in one corner decides."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02)
    for _ in range(120):
        loss = F.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


def find_it(model, images, answers):
    """How far the answer's score falls when a cell becomes dark: (B, 1, 4, 4)."""
    with torch.no_grad():
        whole = model(images).gather(1, answers[:, None])[:, 0]
        falls = []
        for cell in range(16):
            row, column = 3 * (cell // 4), 3 * (cell % 4)
            covered = images.clone()
            covered[:, :, row : row + 3, column : column + 3] = 0
            falls.append(whole - model(covered).gather(1, answers[:, None])[:, 0])
    return torch.stack(falls, dim=1).view(-1, 1, 4, 4)
