"""The ranking: monotone, adding up, comparable, robust; and who outranks whom."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.ranking import EXPOSURE_SHARES, Exposure, RiskItem, ranks, score
from models.ranking_tiers import GROUPS, TIERS, crime_threshold, decide, lead_agency, telling_clause

SUNDAY = dt.date(2016, 7, 3)
MILLION = 1_000_000_00

CODES = ["fund-pool", "new-money-pays-old", "restricted-name", "tip-cluster", "self-financing"]


def item(
    code="fund-pool", severity=3, confidence=0.9, amount=5 * MILLION, key=None, clients=0, **more
) -> RiskItem:
    return RiskItem(key or f"{code}-{severity}-{amount}", code, severity, confidence, amount, clients, **more)


items = st.lists(
    st.builds(
        RiskItem,
        finding_key=st.uuids().map(str),
        typology=st.sampled_from(CODES),
        severity=st.integers(1, 5),
        confidence=st.floats(0, 1),
        amount_fen=st.integers(0, 10**13),
        clients=st.integers(0, 5000),
    ),
    max_size=8,
)
exposures = st.builds(
    Exposure,
    client_money_fen=st.integers(0, 10**13),
    clients=st.integers(0, 10**6),
    inflow_8w_fen=st.integers(0, 10**12),
    inflow_before_fen=st.integers(0, 10**12),
    tips=st.integers(0, 100),
)


@given(items, exposures)
def test_contributions_add_up_to_the_score_and_stay_on_the_scale(found, exposure):
    result = score(found, exposure)
    assert sum(c.points for c in result.contributions) == result.points
    assert 0 <= result.points <= 10_000
    assert all(c.points >= 0 for c in result.contributions)
    assert {c.finding_key for c in result.contributions if c.kind == "finding"} == {
        i.finding_key for i in found
    }


@given(items, exposures, st.randoms(use_true_random=False))
def test_order_of_findings_plays_no_part(found, exposure, random):
    shuffled = list(found)
    random.shuffle(shuffled)
    assert score(shuffled, exposure) == score(found, exposure)


@given(items, exposures, st.sampled_from(CODES), st.integers(1, 5), st.floats(0, 1), st.integers(0, 10**13))
def test_a_further_finding_never_lowers_the_score(found, exposure, code, severity, confidence, amount):
    more = [*found, RiskItem("zz-new", code, severity, confidence, amount)]
    assert score(more, exposure).points >= score(found, exposure).points


@given(items.filter(bool), exposures, st.integers(0, 10**13), st.integers(0, 4), st.floats(0, 1))
@settings(max_examples=200)
def test_a_larger_amount_worse_severity_or_surer_finding_never_lowers_it(
    found, exposure, amount, worse, surer
):
    first = found[0]
    heavier = dataclasses.replace(
        first,
        amount_fen=first.amount_fen + amount,
        severity=min(5, first.severity + worse),
        confidence=max(first.confidence, surer),
    )
    assert score([heavier, *found[1:]], exposure).points >= score(found, exposure).points


@given(
    items,
    exposures,
    st.integers(0, 10**13),
    st.integers(0, 10**5),
    st.integers(0, 50),
    st.integers(0, 10**12),
)
def test_more_exposure_never_lowers_it(found, exposure, money, people, tips, inflow):
    more = Exposure(
        exposure.client_money_fen + money,
        exposure.clients + people,
        exposure.inflow_8w_fen + (inflow if exposure.inflow_before_fen else 0),
        exposure.inflow_before_fen,
        exposure.tips + tips,
    )
    assert score(found, more).points >= score(found, exposure).points


def test_shares_of_exposure_are_whole():
    assert sum(EXPOSURE_SHARES.values()) == pytest.approx(1)


BIG = Exposure(900 * MILLION, 9000, 100 * MILLION, 20 * MILLION, 9)
SMALL = Exposure(1 * MILLION, 40, MILLION, MILLION, 0)


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        pytest.param(([item(severity=5)], SMALL), ([item(severity=3)], SMALL), id="gravity"),
        pytest.param(([item(severity=4)], SMALL), ([], BIG), id="a small pool outranks a big honest firm"),
        pytest.param(([item(amount=50 * MILLION)], SMALL), ([item(amount=MILLION)], SMALL), id="amount"),
        pytest.param(([item()], BIG), ([item()], SMALL), id="exposure at equal gravity"),
        pytest.param(
            ([item(severity=5, confidence=0.9)], SMALL),
            ([item("restricted-name", 1), item("tip-cluster", 2, amount=0)], BIG),
            id="one grave finding outranks several weak signs",
        ),
        pytest.param(
            ([item(severity=4), item("tip-cluster", 3)], SMALL),
            ([item(severity=5, confidence=0.15)], SMALL),
            id="one noisy finding does not carry an institution to the top",
        ),
        pytest.param(
            ([item(), item("self-financing")], SMALL),
            ([item(), item(key="again")], SMALL),
            id="two kinds weigh more than one kind twice",
        ),
        pytest.param(
            ([item("restricted-name", 1, amount=0)], SMALL),
            ([], BIG),
            id="a weak sign outranks nothing found",
        ),
    ],
)
def test_this_one_outranks_that_one(worse, better):
    assert score(*worse).points > score(*better).points


def test_a_single_finding_is_bounded():
    assert score([item(severity=5, confidence=1.0, amount=10**14)], Exposure()).points <= 6700


def test_ties_are_broken_by_exposure_and_equals_share_a_rank():
    rows = [(500, SMALL.order), (500, BIG.order), (900, SMALL.order), (500, SMALL.order)]
    assert ranks(rows) == [3, 2, 1, 3]


@given(st.lists(st.tuples(st.integers(0, 5), st.tuples(st.integers(0, 3))), min_size=1, max_size=12))
def test_ranks_count_from_one_and_follow_the_order_of_none(rows):
    found = ranks(rows)
    assert min(found) == 1
    assert max(found) <= len(rows)
    assert ranks(rows[::-1]) == found[::-1]


class TestTier:
    def test_nothing_is_clear(self):
        assert decide([], BIG, SUNDAY).tier == "clear"

    def test_a_weak_sign_is_watched(self):
        assert decide([item("restricted-name", 1)], SMALL, SUNDAY).tier == "watch"
        assert decide([item(severity=3, confidence=0.3)], SMALL, SUNDAY).tier == "watch"

    def test_light_is_rectified_and_grave_closed(self):
        assert decide([item(severity=3)], SMALL, SUNDAY).tier == "rectify"
        assert decide([item(severity=4)], SMALL, SUNDAY).tier == "close_down"

    def test_a_crime_needs_amount_and_many_clients(self):
        ponzi = item("new-money-pays-old", 5, amount=MILLION, clients=200)
        assert decide([ponzi], SMALL, SUNDAY).tier == "refer_to_police"
        few = dataclasses.replace(ponzi, clients=20)
        assert decide([few], SMALL, SUNDAY).tier == "close_down"
        little = dataclasses.replace(ponzi, amount_fen=49_999_999)
        assert decide([little], SMALL, SUNDAY).tier == "close_down"

    def test_the_threshold_in_force_on_the_day_counts(self):
        little = item("misappropriation", 4, amount=200_000_00, clients=300)
        assert decide([little], SMALL, SUNDAY).tier == "close_down"
        assert decide([little], SMALL, dt.date(2022, 3, 6)).tier == "refer_to_police"
        assert crime_threshold(dt.date(2016, 7, 3)).regulation == "spc-2010-18"

    def test_illegal_fundraising_is_graded_by_its_own_typology(self):
        assert decide([item("illegal-fundraising", 5, clients=40)], SMALL, SUNDAY).tier == "refer_to_police"
        assert decide([item("illegal-fundraising", 4, clients=40)], SMALL, SUNDAY).tier == "close_down"

    def test_a_grave_fund_pool_is_no_crime_by_itself(self):
        assert (
            decide([item("fund-pool", 5, amount=90 * MILLION, clients=900)], BIG, SUNDAY).tier == "close_down"
        )

    def test_not_put_right_after_rectify_is_closed(self):
        went_on = item(severity=2, last_on=dt.date(2016, 6, 30))
        assert decide([went_on], SMALL, SUNDAY, rectify_since=dt.date(2016, 5, 1)).tier == "close_down"
        assert decide([went_on], SMALL, SUNDAY, rectify_since=dt.date(2016, 6, 26)).tier == "rectify"
        stopped = item(severity=2, last_on=dt.date(2016, 5, 2))
        assert decide([stopped], SMALL, SUNDAY, rectify_since=dt.date(2016, 5, 1)).tier == "rectify"

    def test_a_rectified_verdict_that_was_not_kept_is_closed(self):
        going = item(severity=2, key="k")
        assert decide([going], SMALL, SUNDAY, not_put_right=["k"]).tier == "close_down"

    @given(items, exposures)
    def test_a_further_finding_never_lightens_the_tier(self, found, exposure):
        for k in range(len(found)):
            less = decide(found[:k], exposure, SUNDAY).tier
            assert TIERS.index(decide(found, exposure, SUNDAY).tier) >= TIERS.index(less)


class TestRouting:
    def test_the_licensed_go_to_their_sectors_group(self):
        assert lead_agency("payment", "licensed", "大洼区", None) == GROUPS["payment"]

    def test_the_unlicensed_go_to_the_district_with_support(self):
        text = lead_agency("p2p", "none", "大洼区", "二(一)1")
        assert text.startswith("大洼区")
        assert GROUPS["p2p"] in text

    def test_substance_decides_outside_the_six_sectors(self):
        assert GROUPS["payment"] in lead_agency("other", "none", "盘山县", "二(四)3")

    def test_a_clause_of_several_leads_to_the_group_it_is_about(self):
        assert GROUPS["advertising"] in lead_agency("other", "none", "盘山县", "二(五)1、二(六)")
        assert GROUPS["insurance"] in lead_agency("insurance", "licensed", "盘山县", "二(五)1、二(六)")
        assert GROUPS["payment"] in lead_agency("other", "none", "盘山县", "二(四)1、二(一)2")
        assert GROUPS["insurance"] in lead_agency("other", "none", "盘山县", "三(五)、二(五)2")

    def test_the_finding_that_tells_the_business_decides(self):
        clause = telling_clause(["五(一)", "二(四)3", "二(一)1"])
        assert GROUPS["payment"] in lead_agency("other", "none", "", clause)
        assert telling_clause(["五(一)"]) == "五(一)"
        assert telling_clause([]) is None

    def test_an_operator_without_a_district_still_has_a_lead(self):
        assert "待查" in lead_agency("other", "none", "", "五(一)")
