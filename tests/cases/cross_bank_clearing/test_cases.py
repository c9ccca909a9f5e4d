"""二(四)2: in at one bank, out at another, over own accounts."""

from __future__ import annotations

from tests.cases.cases import check_cases
from tests.cases.payments import region

POSITIVE: dict[str, float | None] = {
    "CLEAR-TWO": None,
    "CLEAR-THREE": None,
    "CLEAR-FEW": None,
    "CLEAR-PARTS": None,
    "CLEAR-BATCHED": None,
}
LOOK_ALIKE = {
    "ONE-BANK": "payer and payee at one bank",
    "CHANNEL": "paid through the clearing channel",
    "REFUNDS": "refunds to the payer",
    "BUSY": "batches paid inside one bank, and so many pay-ins elsewhere that like amounts meet by chance",
    "BATCHED-FUNDED-DAILY": "collected at one bank and passed on to the paying one day by day",
    "BIG-MERCHANT": "collected, swept, paid through the deposit account",
}


def test_cases() -> None:
    world, _ = region()
    found = check_cases(world, "cross-bank-clearing", POSITIVE, LOOK_ALIKE)
    paid = sum(round((500 + 37 * n) * 0.997, 2) for n in range(40))
    assert found["CLEAR-TWO"].amount_fen == round(paid * 100)
    parts = sum(round((500 + 37 * n) * 0.4, 2) + round((500 + 37 * n) * 0.59, 2) for n in range(40))
    assert found["CLEAR-PARTS"].amount_fen == round(parts * 100)
    batched = sum(round((2_000 + 37 * n) * share, 2) for n in range(60) for share in (0.5, 0.3, 0.19))
    assert found["CLEAR-BATCHED"].amount_fen == round(batched * 100)
    assert (
        found["CLEAR-TWO"].evidence.filter(found["CLEAR-TWO"].evidence["role"] == "position_transfer").height
        == 2
    )
