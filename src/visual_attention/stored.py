"""How does a trained network fit into a small file that can be read without running anything?

Real numbers are written in half precision and come back in single precision, rounded; integers stay as they
are. The files are safetensors: names, shapes and numbers. There is no pickle, so that reading a file runs no
code of whoever wrote it.

Run: python -m visual_attention.stored
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

SHOWN = 4  # how many of the tensors that do not fit are named


def save(networks: nn.Module | Mapping[str, nn.Module], file: Path, *, keep: bool = False) -> None:
    """Write the weights of one network, or of several side by side.

    The tensors of one network keep their names; of several, each is written as "name.parameter".

    Args:
        networks: one network, or several by name.
        file: where to write; what lies there is replaced.
        keep: whether networks of the file whose names are not given stay in it, as they are.

    Raises:
        ValueError: if a name is empty or has a dot, or one network without a name is to be written beside
            others.
    """
    if isinstance(networks, nn.Module):
        if keep:
            raise ValueError("keep: wanted networks by name, got one without a name")
        written = networks.state_dict()
    else:
        written = {}
        for name, model in networks.items():
            if not name or "." in name:
                raise ValueError(f"wanted names of networks without a dot, got {name!r}")
            written |= {f"{name}.{key}": tensor for key, tensor in model.state_dict().items()}
    small = {key: (t.half() if t.is_floating_point() else t).contiguous() for key, t in written.items()}
    if keep and file.exists():
        kept = {key: tensor for key, tensor in load_file(file).items() if _network(key) not in networks}
        small |= {key: tensor.clone() for key, tensor in kept.items()}  # not tied to the file, which goes
    save_file(small, file)


def tensors(file: Path, name: str | None = None) -> dict[str, Tensor]:
    """What a file holds, by name: real numbers in single precision, integers as they are.

    Args:
        file: a file that `save` wrote.
        name: of several networks the one that is wanted, and its tensors' names without it; None: all.

    Raises:
        ValueError: if there is no network of that name.
    """
    found = load_file(file)
    if name is not None:
        known = dict.fromkeys(_network(key) for key in found)
        if name not in known:
            raise ValueError(f"{file.name}: wanted one of its networks {', '.join(known)}; got {name!r}")
        found = {key.removeprefix(f"{name}."): t for key, t in found.items() if _network(key) == name}
    return {
        key: t.to(torch.float32 if t.is_floating_point() else t.dtype, copy=True) for key, t in found.items()
    }


def restore(model: nn.Module, file: Path, name: str | None = None) -> nn.Module:
    """Put weights from a file into a network of the same build, and give it back in evaluation mode.

    Args:
        model: any network; all its weights are overwritten.
        file: a file that `save` wrote.
        name: of several networks the one that is wanted; None: the file holds one, without a name.

    Raises:
        ValueError: if the file's tensors are not those of the network: one more, one less, or another shape.
            Then the network is as it was.
    """
    wanted, found = model.state_dict(), tensors(file, name)
    wrong = [
        f"{key}: wanted {_told(wanted.get(key))}, got {_told(found.get(key))}"
        for key in wanted | found
        if _told(wanted.get(key)) != _told(found.get(key))
    ]
    if wrong:
        more = [f"and {len(wrong) - SHOWN} more"] if len(wrong) > SHOWN else []
        raise ValueError(f"{file.name}: {'; '.join(wrong[:SHOWN] + more)}")
    model.load_state_dict(found)
    return model.eval()


def _network(key: str) -> str:
    return key.partition(".")[0]


def _told(tensor: Tensor | None) -> str:
    """What must agree between a network and a file."""
    if tensor is None:
        return "nothing"
    return f"{'real numbers' if tensor.is_floating_point() else tensor.dtype} {tuple(tensor.shape)}"


def main() -> None:
    """Write a network and read it again: how large is the file, and how much is lost?"""
    from tempfile import TemporaryDirectory

    torch.manual_seed(0)
    model, other = nn.Linear(50, 20), nn.Linear(50, 20)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "small.safetensors"
        save({"linear": model}, file)
        lost = (restore(other, file, "linear").weight - model.weight).abs() / model.weight.abs()
        numbers = sum(t.numel() for t in tensors(file).values())
        print(f"{numbers} numbers in {file.stat().st_size} bytes, rounded by at most {lost.max():.3%}")


if __name__ == "__main__":
    main()
