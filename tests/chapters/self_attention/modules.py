"""The contract's entries for the networks of the claims."""

from tests.contract.case import Case
from visual_attention.chapters.self_attention.claims import WIDTH, GridMixer, GridNetwork, Layer, patches
from visual_attention.mechanisms.uniform_attention import UniformAttention

CASES = [
    Case(
        GridMixer,
        lambda: GridMixer(3, 4),
        lambda draw, b, size: (draw.normal(b, 16, WIDTH),),
        ((),),
    ),
    Case(
        Layer,
        lambda: Layer(GridMixer(3, 4)),
        lambda draw, b, size: (draw.normal(b, 16, WIDTH),),
        ((),),
    ),
    Case(
        GridNetwork,
        lambda: GridNetwork(patches(), lambda: UniformAttention(WIDTH, heads=4), 3),
        lambda draw, b, size: (draw.unit(b, 3, *size),),
        sizes=((56, 56),),
    ),
]
