"""二(三)2: a private product seen through to its last investors."""

from __future__ import annotations

from tests.cases.selling import expect, fund, holding, manager
from tests.cases.world import World

POSITIVE = {
    "A1": 240_000.0,
    "A2": 120_000.0,
    "A3": 210_000.0,
    "A4": 201_000_000.0,
    "A5": 203_000_000.0,
    "A6": 2_400_000.0,
    "A7": 2_400_000.0,
    "A8": 4_400_000.0,
}
LOOK_ALIKE = {
    "N1": "a private product with exactly 200 holders of one million",
    "N2": "a public product fed by another",
    "N4": "five members of staff hold less than the minimum themselves",
    "N5": "a shop puts its customers' money into a private fund",
    "N6": "two holders' families lend them a part",
    "N3": "five members of staff co-invest by way of a slice",
}


def slices(w: World, institution: str, people: int, each: float, number: int = 2, seen: bool = True) -> None:
    """A private product whose money comes from public slices."""
    manager(w, institution)
    top = fund(w, institution, "PRIVATE", "fund", publicly_offered=False)
    for k in range(number):
        parent = None if seen else top.product_id
        part = fund(w, institution, f"SLICE{k}", parent_product_id=parent)
        part.sell(w.people(people // number), each)
        if seen:
            w.move("2016-02-01", part.account, top.account, people // number * each)


def test_cases() -> None:
    w = World()
    slices(w, "A1", 240, 1_000.0)
    slices(w, "A2", 12, 10_000.0, number=1)  # few, but each far below the minimum
    slices(w, "A3", 210, 1_000.0, number=3, seen=False)  # only the register names the parent
    manager(w, "N1")
    n1 = fund(w, "N1", "PRIVATE", "fund", publicly_offered=False)
    w.move("2016-02-01", w.person(), n1.account, 1_000_000)
    for who in w.people(200):
        holding(w, n1.product_id, who, 1_000_000)
    manager(w, "N2")
    upper, lower = fund(w, "N2", "A", "fund"), fund(w, "N2", "B", "fund")
    upper.sell(w.people(30), 1_000)
    w.move("2016-02-01", upper.account, lower.account, 30_000)
    slices(w, "N3", 5, 100_000.0, number=1)
    manager(w, "A4")  # too many by itself
    fund(w, "A4", "PRIVATE", "fund", publicly_offered=False).sell(w.people(201), 1_000_000)
    manager(w, "A5")  # no more than the legal number each, one fed by the other
    upper = fund(w, "A5", "FEEDER", "fund", publicly_offered=False)
    lower = fund(w, "A5", "MASTER", "fund", publicly_offered=False)
    upper.sell(w.people(103), 1_000_000)
    lower.sell(w.people(100), 1_000_000)
    w.move("2016-02-01", upper.account, lower.account, 103_000_000)
    for institution, people, each in (("A7", 30, 80_000), ("N5", 400, 6_000)):  # a firm between
        manager(w, institution)
        private = fund(w, institution, "PRIVATE", "fund", publicly_offered=False)
        between = w.firm(held=True)
        for who in w.people(people):
            w.move("2016-02-20", who, between, each)
        private.sell([between], 2_400_000, "2016-03-01")
    for institution, friends in (("A8", 4), ("N6", 2)):  # nominees who hold for some others each
        manager(w, institution)
        private = fund(w, institution, "PRIVATE", "fund", publicly_offered=False)
        private.sell(w.people(10), 2_000_000)
        for who in w.people(4, held=True):
            for friend in w.people(friends):
                w.move("2016-02-20", friend, who, 275_000 if institution == "A8" else 400_000)
            private.sell([who], 1_100_000, "2016-03-01")
    for institution, people in (("A6", 12), ("N4", 5)):  # split into holdings below the minimum
        manager(w, institution)
        top = fund(w, institution, "PRIVATE", "fund", publicly_offered=False)
        top.sell(w.people(20), 1_000_000)
        top.sell(w.people(people), 200_000)
    found = w.found("split-private-offering")
    expect(found, POSITIVE, LOOK_ALIKE)
    assert found["A1"].severity == 4
    assert found["A2"].severity == 3  # one public product alone is rather a layer
    assert found["A3"].evidence["line_no"].drop_nulls().len() == 210  # the holders' deposits
    assert found["A4"].evidence["line_no"].drop_nulls().len() == 201
    assert found["A1"].confidence > found["A3"].confidence
