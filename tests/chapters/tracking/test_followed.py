"""Following whole films: each window lies around the last answer, and a template may be kept up to date."""

import torch

from visual_attention.chapters.tracking import carried, followed
from visual_attention.chapters.tracking.encoder import templates_of
from visual_attention.chapters.tracking.fusion import Answer
from visual_attention.chapters.tracking.paths import FRAME


class Says(torch.nn.Module):
    """Answers always with the same place of the window, and keeps what it was given."""

    def __init__(self, x, y):
        super().__init__()
        self.place, self.given = torch.tensor([float(x), float(y)]), []

    def forward(self, pairs):
        self.given.append(pairs)
        centre = self.place.expand(len(pairs), 64, 2)
        return Answer(torch.zeros(len(pairs), 64), centre, torch.full_like(centre, 16.0))


def test_windows_follow_the_answers_not_the_truth():
    film = carried.film(0, "clean")
    still = followed.follow(Says(24, 24), film)
    first = FRAME * film.boxes[0, 0, 0, :2]
    inside = first.clamp(24, FRAME - 24)  # a window stays within the frame
    assert (FRAME * still[0, 1, :2] - inside).abs().max() <= 0.5
    torch.testing.assert_close(still[0, 2:], still[0, 1:2].expand_as(still[0, 2:]), atol=0.01, rtol=0)
    right = FRAME * followed.follow(Says(34, 24), film)[0, :, 0]
    assert (right[2:] >= right[1:-1] - 1).all() and right[-1] > FRAME - 24


def test_a_template_is_kept_up_to_date_or_stays():
    film, model, kept = carried.film(1, "clean"), Says(20, 24), Says(20, 24)
    followed.follow(model, film)
    followed.follow(kept, film, update=0.5)
    first, *others = (templates_of(pairs) for pairs in model.given)
    assert all(torch.equal(first, other) for other in others)
    first, second, *_ = (templates_of(pairs) for pairs in kept.given)
    assert not torch.equal(first, second)


def test_places_near_the_last_answer_count_for_more():
    last = torch.tensor([[9.0, 33.0], [24.0, 24.0]])
    scores = followed.nearer(torch.zeros(2, 64), last)
    assert scores[0].argmax() == 5 * 8 + 1  # the place around (9, 33)
    assert scores[0, 5 * 8 + 6] < scores[0, 5 * 8 + 3] < scores[0, 5 * 8 + 1]
    strong = torch.zeros(2, 64)
    strong[0, 5 * 8 + 3] = 9
    assert followed.nearer(strong, last)[0].argmax() == 5 * 8 + 3
