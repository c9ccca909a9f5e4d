-- Purpose: lines by which clients pay in to and are paid out from an institution's controlled accounts.
-- Grain: line_no. Sorted by institution_id and line_no.
-- Reads: mart_line, mart_controlled_account, mart_role, mart_subscription. Amounts in fen. A client is a holder whose
-- main role is client, by register or by behaviour. subscription_id is given where the deposit is the very amount of
-- a subscription; what a payout is for is told by models/typologies/_ledger.py.
select
    c.institution_id,
    l.line_no,
    case when l.direction = 'in' then 'deposit' else 'payout' end as side,
    l.cp_holder_id as holder_id,
    l.account_id,
    c.account_type,
    l.booked_on,
    l.amount_fen,
    s.product_id,
    s.subscription_id,
    r.source as client_by
from mart_line as l
inner join mart_controlled_account as c on l.account_id = c.account_id
inner join mart_role as r
    on
        c.institution_id = r.institution_id
        and l.cp_holder_id = r.holder_id
        and r.role = 'client'
left join mart_subscription as s on l.line_no = s.line_no
order by c.institution_id, l.line_no
