"""What the chapter says in numbers is what its stored networks and its records give."""

import pytest
import torch
from scipy.stats import binomtest

from visual_attention.chapters.question_answering import (
    asking,
    claims,
    inventing,
    longer,
    small_world,
    trained,
    trained_decoders,
)
from visual_attention.chapters.question_answering.asking import CUTS, Pupil
from visual_attention.chapters.question_answering.decoder import ASKED
from visual_attention.experiments import ledger, plan, specification
from visual_attention.experiments.answer import answer
from visual_attention.experiments.verdict import paired

SETTING = claims.QUESTION.setting


def test_the_record_is_whole():
    contest = answer(claims.QUESTION)
    assert not contest.faults and not contest.changed and plan.lacking(contest.question, contest.rows) == []


def test_on_fewer_and_on_more_pictures_none_of_five_relates():
    contest = answer(claims.QUESTION)
    ends = {size: contest.curve(f"{size:,} pictures", "own readings")[:, -1] for size in (500, 8000)}
    assert [(round(x.min()), round(x.max()), len(x)) for x in ends.values()] == [(38, 39, 5), (39, 51, 5)]
    for size in ends:
        others = [contest.curve(f"{size:,} pictures", one.name)[:, -1] for one in contest.question.contenders]
        assert max(map(max, others)) < 55


def test_in_ten_other_settings_three_of_fifty_relate_and_film_never():
    contest = answer(claims.QUESTION)
    listed = {one.name: one.interval for one in specification.curve(contest) if not one.registered}
    assert specification.opponent(contest) == "FiLM" and len(listed) == 10

    def ends(arm, setting):
        wanted = ("specification", setting, arm)
        rows = [row for row in contest.rows if (row["part"], row["condition"], row["arm"]) == wanted]
        return [row["scores"]["relations"][-1] for row in rows]

    relate = {name: sum(share >= 80 for share in ends("own readings", name)) for name in listed}
    assert {name: count for name, count in relate.items() if count} == {
        "twice the width": 2,
        "twice as long": 1,
    }
    theirs = [share for name in listed for share in ends("FiLM", name)]
    assert len(theirs) == 50 and round(max(theirs)) == 68
    easier = "easier: left and right alone"
    lead = listed[easier]
    assert [round(x) for x in (lead.effect, lead.low, lead.high)] == [-12, -15, -9]
    assert specification.turns(contest) == [easier]
    assert [round(sum(ends(arm, easier)) / 5) for arm in ("FiLM", "own readings")] == [53, 41]


def test_one_of_ten_relates_and_the_mean_is_made_of_two_heaps():
    contest = answer(claims.QUESTION)
    middle = contest.question.middle
    fewer = contest.fewer()
    assert (fewer.verdict, fewer.seeds, fewer.strongest) == ("undecided", 10, "question appended")
    lead = fewer.against["question appended"]
    assert [round(x) for x in (lead.effect, lead.low, lead.high)] == [7, -7, 20]
    ends = {one.name: sorted(contest.curve(middle, one.name)[:, -1]) for one in contest.question.contenders}
    ours = ends.pop("own readings")
    assert round(sum(ours) / 10) == 48 and [round(x) for x in (ours[0], *ours[-2:])] == [34, 47, 100]
    assert sum(map(len, ends.values())) == 100 and max(map(max, ends.values())) == 44
    few = binomtest(1, 10).proportion_ci()
    assert [round(100 * few.low, 1), round(100 * few.high)] == [0.3, 45]


def test_without_end_one_of_ten_relates_one_is_on_the_way_and_nobody_else():
    contest = answer(claims.QUESTION)
    assert [one.verdict for one in contest.verdicts] == ["undecided"] * 3
    higher = contest.higher()
    lead = higher.against["question appended"]
    assert (higher.seeds, higher.strongest) == (10, "question appended")
    assert [round(x) for x in (lead.effect, lead.low, lead.high)] == [7, -9, 22]
    names = [one.name for one in contest.question.contenders]
    ends = {name: sorted(contest.curve("without end", name)[:, -1]) for name in names}
    ours = ends.pop("own readings")
    assert [round(x) for x in (sum(ours) / 10, ours[0], *ours[-3:])] == [50, 38, 42, 79, 100]
    assert sum(map(len, ends.values())) == 100
    most = {name: round(found[-1]) for name, found in ends.items() if found[-1] > 44}
    assert most == {"question appended": 50, "without the name": 50}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "rate", "tuned", "able"), [(None, 1e-3, 1, 18), ("without end", 3e-3, 2, 15)]
)
def test_who_relates_among_the_trainings_that_chose_the_rate_and_who_can_find_at_all(
    where, rate, tuned, able
):
    contest = answer(claims.QUESTION)
    where = where or contest.question.middle
    rows = [row for row in ledger.read(ledger.path("question_answering")).rows if row["condition"] == where]
    ours = [row for row in rows if row["arm"] == "own readings"]
    assert {row["rate"] for row in ours if row["part"] == "headline"} == {rate}
    ends = [row["scores"]["relations"][-1] for row in ours if row["part"] == "tuning" and row["rate"] == rate]
    assert len(ends) == 3 and sum(share >= contest.question.level for share in ends) == tuned
    others = [row for row in rows if row["part"] == "headline" and row["arm"] != "own readings"]
    find = [row for row in others if row["scores"]["attributes"][-1] >= 90]
    assert (len(others), len(find)) == (100, able)
    assert {row["arm"] for row in find} == {"one reading", "cross-attention"}
    assert round(max(row["scores"]["relations"][-1] for row in find)) <= 44


def test_three_of_thirteen():
    few = binomtest(3, 13).proportion_ci()
    assert [round(100 * few.low), round(100 * few.high)] == [5, 54]


def test_the_seeds_that_learned_for_longer_had_failed_before():
    contest = answer(claims.QUESTION)
    ends = contest.curve("without end", "own readings")[:, -1]
    assert {row["seed"] for row in longer.RUNS["own readings"].rows} == set(range(5))
    assert max(ends[:5]) < 45 and [seed for seed in range(10) if ends[seed] > 45] == [5, 9]


@pytest.fixture(scope="module")
def stored():
    """The stored hops, and the pictures on which the chapter cuts them."""
    judged = small_world.draw(600, "test", torch.Generator().manual_seed(7), SETTING)
    return Pupil(trained.load(trained.HOPS), first=0).eval(), judged


@torch.no_grad()
def test_one_reading_is_for_the_name_and_the_other_for_the_side(stored):
    found = asking.score(*stored)
    assert round(found["relations"]) == 100
    names = ("reading 1: name", "reading 2: side", "look 1: named thing", "look 2: its neighbour")
    assert [round(found[name]) for name in names] == [81, 97, 100, 99]


@torch.no_grad()
def test_what_each_cut_leaves(stored):
    left = {name: round(cut(*stored)) for name, cut in CUTS.items()}
    assert left["without the word colour"] == left["another thing forbidden"] == 100
    found = [left[name] for name in ("without the side", "without the name")]
    assert found == [20, 39]
    assert [left[f"{name} forbidden"] for name in ("named thing", "its neighbour")] == [34, 21]
    assert max(share for name, share in left.items() if "weights" in name or "uniform" in name) <= 40


@pytest.mark.slow
def test_inventions_as_the_chapter_counts_them():
    rows = inventing.stored()
    assert sorted((row["regime"], row["seed"]) for row in rows) == sorted(
        (regime, seed) for regime in ("never", "in colours", "in all") for seed in range(inventing.SEEDS)
    )
    for name in ("absent", "absent beside", "empty side"):
        assert inventing.over_seeds("never", f"invented: {name}").effect == 100
    assert inventing.over_seeds("in colours", "invented: absent").high < 0.5
    assert inventing.over_seeds("in colours", "invented: absent beside").low > 98.5
    beside = inventing.over_seeds("in all", "invented: absent beside")
    assert round(beside.effect) == 1 and round(beside.high) == 4
    all_kinds = [row for row in rows if row["regime"] == "in all"]
    blind = (
        [100 - row["invented: empty side"] for row in all_kinds],
        [row["denied: relation"] for row in all_kinds],
    )
    for values, ends in zip(blind, ([39, 27, 51], [32, 14, 51]), strict=True):
        found = longer.over_seeds(values)
        assert [round(value) for value in (found.effect, found.low, found.high)] == ends
    more = paired(*blind)
    assert [round(value) for value in (more.effect, more.low, more.high)] == [6, -1, 14]
    related = [row["true: relation"] for row in all_kinds]
    assert (int(min(related)), int(max(related))) == (9, 22)
    longer_taught = inventing.scores(trained_decoders.load("in all"))
    denied = 100 - longer_taught["invented: empty side"], longer_taught["denied: relation"]
    assert [round(value) for value in denied] == [38, 19]
    attributes = sorted(row["true: attribute"] for row in rows if row["regime"] == "never")
    assert [round(value) for value in attributes] == [32, 36, 36, 37, 90]


@torch.no_grad()
def test_the_stored_decoder_denies_what_it_may_not_see():
    said, model = inventing.judged("attribute"), trained_decoders.load("in all")
    for cell, true, denied in ((said.where[:, 0], 0, 1), ((said.where[:, 0] + 4) % 9, 1, 0)):
        hidden = torch.zeros(len(cell), 9 + ASKED, dtype=torch.bool)
        hidden[torch.arange(len(cell)), cell] = True
        spoken = inventing.told(model, said, hidden)
        right = (spoken == said.tokens[:, ASKED:]).all(1).double().mean()
        assert abs(right - true) < 0.005
        assert abs((~inventing.invents(spoken)).double().mean() - denied) < 0.005


def test_on_the_first_seeds_nobody_relates():
    counts = {"own readings": 5, "FiLM": 3, "one reading": 3}
    rows = {name: longer.RUNS[name].rows[:count] for name, count in counts.items()}
    assert {name: len(some) for name, some in rows.items()} == counts
    relations = {name: [row["scores"]["relations"][-1] for row in some] for name, some in rows.items()}
    ends = {name: (round(min(values)), round(max(values))) for name, values in relations.items()}
    assert ends == {"own readings": (36, 45), "FiLM": (34, 40), "one reading": (23, 43)}
    looks = [row["scores"][f"look {k}: named thing"][-1] for row in rows["own readings"] for k in (1, 2)]
    assert round(max(looks)) == 12


def test_what_the_side_alone_can_give_away():
    names, generator = SETTING["names"], torch.Generator().manual_seed(1)
    scenes = small_world.arrange(3000, "test", generator, names=names, things=SETTING["things"], clear=True)
    beyond = small_world.neighbours()
    pairs = small_world._pairs(scenes, 4, True)
    colours = scenes.colours[:, beyond.clamp_min(0)]
    paint = torch.nn.functional.one_hot(colours.clamp_min(0), 4).bool() & pairs[..., None]
    kinds = paint.any(2).sum(-1)
    assert round(100 * (1 / kinds[kinds > 0]).mean().item()) == 46


def test_who_does_not_relate_does_not_use_the_name():
    took = {kind: longer.lost("own readings", kind) for kind in CUTS}
    ends = {kind: [round(x) for x in (one.effect, one.low, one.high)] for kind, one in took.items()}
    assert ends["without the name"] == [0, -1, 1] and ends["without the side"] == [16, 1, 32]
    assert ends["its neighbour forbidden"] == [21, 13, 29]
