"""The contract's entries for the networks of the claims."""

from torch.autograd.gradcheck import GradcheckError

from tests.contract.case import Cannot, Case
from tests.contract.inputs import maps, once
from visual_attention.chapters.hard import choosers, directed, eyes
from visual_attention.mechanisms.patch_choice import gumbel_choice_loss

LOOKS = ("glimpse", "recur", "locate", "expect", "classify")
NO_GRADIENT = {"second": Cannot("Places carry no gradient", GradcheckError, "Jacobian mismatch")}
BASELINE = {"expect": "is the baseline, which only the loss asks"}
EYES = {"again": LOOKS, "verbs": {"locations": once}}
WHOLE = {"sizes": ((40, 40),)}
CELLS = {"sizes": ((32, 32),), "silent": BASELINE}


def chosen(kind, **parts):
    return lambda: kind(gumbel_choice_loss, hidden=5, **parts)


ABSTRACT = {eyes.Blind: "deaf to its input on purpose, so that its Jacobian is 0; `OnePath` holds it"}

CASES = [
    *(
        Case(kind, lambda kind=kind: kind(dim=8), maps(1), cannot=NO_GRADIENT, **EYES)
        for kind in (eyes.Eye, eyes.PathwiseEye, directed.ToldEye)
    ),
    Case(eyes.OnePath, lambda: eyes.OnePath(dim=8), maps(1), **EYES),
    Case(eyes.FixedEye, lambda: eyes.FixedEye(dim=8), maps(1), **EYES),
    Case(directed.BrightestEye, lambda: directed.BrightestEye(dim=8), maps(1), jumps=True, **EYES),
    Case(eyes.Everywhere, lambda: eyes.Everywhere(width=8, hidden=5), maps(1), **WHOLE),
    Case(eyes.Blurred, lambda: eyes.Blurred(width=4, hidden=5), maps(1), **WHOLE),
    Case(
        choosers.SharedScores,
        lambda: choosers.SharedScores(5),
        lambda draw, b, size: (draw.unit(b, 64),),
        sizes=((),),
    ),
    Case(choosers.Chooser, chosen(choosers.Chooser), maps(1), jumps=True, **CELLS),
    Case(
        choosers.Chooser,
        chosen(choosers.Chooser, shared=False),
        maps(1),
        jumps=True,
        variant="each place",
        **CELLS,
    ),
    Case(choosers.SoftChooser, chosen(choosers.SoftChooser), maps(1), **CELLS),
    Case(
        choosers.AnothersCell,
        chosen(choosers.AnothersCell),
        maps(1),
        jumps=True,
        mixes="another picture",
        **CELLS,
    ),
    Case(
        choosers.FullestCell,
        chosen(choosers.FullestCell),
        maps(1),
        jumps=True,
        sizes=((32, 32),),
        silent=BASELINE | {"choose": "never asked"},
    ),
]
