"""The clients' ledger: which deposit funded which subscription, which payout paid which holding.

Registers say what was sold and lent, statements say what was paid; remarks that would tie the two are
often empty. They are tied here by arithmetic alone:

* a **deposit** belongs to the subscription of the same client with the same amount on (nearly) the same
  day; what is left over belongs to the client's next subscription of that day, which then was topped up
  from money already there;
* a **payout** belongs to the holding whose amount it is a multiple of, with the same factor for the
  other holders of that product on that day (everybody gets 1.117 % of what they hold). A factor shared
  by many holders is the evidence; the promised yield only breaks ties.

Nothing here reads remarks, names or the shape of an id. Amounts are integer fen.
"""

from __future__ import annotations

from models.typologies._ledger_deposits import deposits
from models.typologies._ledger_fits import SETTLE_DAYS
from models.typologies._ledger_lines import CLIENT_LINE, clients, controlled_lines, subscriptions, unsold
from models.typologies._ledger_payouts import payouts

__all__ = [
    "CLIENT_LINE",
    "SETTLE_DAYS",
    "clients",
    "controlled_lines",
    "deposits",
    "payouts",
    "subscriptions",
    "unsold",
]
