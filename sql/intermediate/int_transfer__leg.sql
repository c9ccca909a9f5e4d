-- Purpose: lines that may be one leg of a transfer between two accounts whose statements are on hand.
-- Grain: line_no.
-- Reads: int_line__numbered, mart_account. A line whose counterparty is a known account without statement is no leg.
select
    l.line_no,
    l.account_id,
    a.holder_id,
    l.direction,
    l.amount_fen,
    l.booked_at,
    l.booked_on,
    l.has_time,
    l.reference,
    l.cp_account_id,
    l.cp_holder_id
from int_line__numbered as l
inner join mart_account as a on l.account_id = a.account_id
left join mart_account as c on l.cp_account_id = c.account_id
where l.cp_account_id is null or (c.monitored and c.account_id <> l.account_id)
