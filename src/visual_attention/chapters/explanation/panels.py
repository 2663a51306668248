"""How are seven maps of one answer laid out? Two figures of the chapter.

Chapter: notebooks/deeper/explanation.ipynb
"""

from matplotlib.figure import Figure
from torch import Tensor, nn

from visual_attention.chapters.explanation import maps, trials
from visual_attention.view import figures

SHORT = {"attention x gradient": "attention x grad.", "integrated gradients": "integrated grad."}


def all_maps(model: nn.Module, image: Tensor, answer: Tensor, *, title: str) -> Figure:
    """The picture and all maps of its answer, each from 0 to its own maximum: (1, 1, H, W), (1,)."""
    found = {name: method(model, image, answer) for name, method in maps.methods(model).items()}
    return _laid_out(image, found, {name: SHORT.get(name, name) for name in found}, title)


def noise(
    model: nn.Module, noisy: nn.Module, image: Tensor, answer: Tensor, *, title: str
) -> tuple[Figure, str]:
    """The maps of a network turned to noise, and how like those of the trained one they still are."""
    found, titles = {}, {}
    for name, method in maps.methods(model).items():
        found[name] = method(noisy, image, answer)
        like = trials.alike(method(model, image, answer), found[name]).item()
        written = f"{like:.2f}".replace("-", "−")
        titles[name] = f"{SHORT.get(name, name)} {written}"
    told = ", ".join(titles.values())
    return _laid_out(image, found, titles, title), f"rank correlation with the trained network's map: {told}"


def _laid_out(image: Tensor, found: dict[str, Tensor], titles: dict[str, str], title: str) -> Figure:
    figure, axes = figures.sheet(2, 4, size=(6.6, 3.9))
    figures.show_image(axes.flat[0], image[0], title=title)
    for ax in axes.flat[1:]:
        ax.set_axis_off()
    for ax, name in zip(axes.flat[1:], found, strict=False):
        figures.show_map(ax, found[name][0].clamp(min=0), image=image[0], bar=False)
        ax.set_title(titles[name], fontsize=9.5)
    axes.flat[0].title.set_fontsize(9.5)
    return figure
