"""The contract's entries for the heads on frozen tokens."""

from tests.contract.case import Case
from tests.contract.inputs import tokens
from visual_attention.own import heads

SIZES = ((5,), (2,), (9,))  # the class token and one patch at least
CASES = [
    Case(heads.Head, lambda pool=pool: heads.Head(pool, dim=12, classes=3), tokens(12), SIZES, variant=pool)
    for pool in heads.POOLS
]
