"""What does the record say, and what was tried against it? Written after the runs.

Chapter: notebooks/applications/detection.ipynb
"""

MEANING = (
    "On a thousand scenes the set transformer is 25 points of AP50 behind a grid of two convolutions that "
    "sees the same features, and needs many times more steps to any level. Six of the 25 are these "
    "convolutions; a grid without them is still 19 points ahead. The queries do gain by choosing where to "
    "look: those that may not end 8 points lower, and uniform weights leave nothing. Queries that the "
    "picture proposes win back 15 points: a place to start is worth 10, what stands there 5, and the loss "
    "that teaches the places nothing by itself. After 512 steps they lean on their talk; one stored "
    "network, after 8,192, leans on its looks. Behind the grid's convolutions they come within 4 points of "
    "it, and neither look nor talk. A block of attention among the grid's cells gains nothing and is not "
    "used. Small or hidden objects: in points the set loses more there, counted as misses more among the "
    "others. Queries of every kind were still rising when their steps were spent, but for 250 scenes; "
    "single runs end at 51 and, with proposals, 58 after 8,192 steps, and 62 for the grid after half as "
    "many. Fourteen other settings leave the order as it is (15 to 33 points); the smallest gap is the "
    "grid's own loss, four times as long on the same scenes, and a backbone that is trained along leaves 22. "
    "This is one small world of three kinds of object, one small backbone and eight queries."
)
TRIED = (
    "Before the rule was written, on validation scenes, one seed, 512 steps at 0.003: grid 59, queries "
    "from the grid 47, set transformer 33, and 37 where queries and keys begin with equal layers; this "
    "start was kept. At 0.01 the set transformer had 25 and the control 25.",
    "By the author, long runs of one seed each: the set transformer for 8,192 steps (51), the grid for "
    "4,096 (62). No crossover.",
    "By an outsider, five seeds, on a thousand scenes: the grid's two convolutions in front of the set "
    "gain it 6 points (5 to 7), and the grid loses 6 with convolutions of 1 x 1 (5 to 7).",
    "Queries from the grid in front of which the two convolutions stand end 3.5 points below the grid (2.4 "
    "to 4.5), and lose less than a point with uniform looks or in silence.",
    "Learned queries whose places learn by the proposals' loss: 1 point lower (5 lower to 2 higher). Told "
    "their place alone, proposals gain 10 points over that (5 to 15), and 5 more by what stands there (1 "
    "to 10).",
)
