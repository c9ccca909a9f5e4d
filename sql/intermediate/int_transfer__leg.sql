-- Purpose: lines that may be one leg of a transfer between two accounts whose statements are on hand.
-- Grain: line_no.
-- Reads: int_line__numbered, mart_counterparty, mart_account, int_name__key.
-- Columns: cp_account_id where the number (full or masked) tells the account; cp_key, the name given, where it does
-- not: a name is a weaker claim, two persons may share it. A line whose number is an account without statement is no
-- leg.
with named as (
    select
        g.counterparty_no,
        k.base_key,
        k.masked
    from mart_counterparty as g
    inner join int_name__key as k on g.counterparty_name = k.name
)

select
    l.line_no,
    l.account_id,
    l.direction,
    l.amount_fen,
    l.booked_at,
    l.booked_on,
    l.has_time,
    l.reference,
    case when l.cp_basis in ('account', 'mask') then l.cp_account_id end as cp_account_id,
    case when l.cp_basis not in ('account', 'mask') or l.cp_account_id is null then k.base_key end as cp_key,
    coalesce(k.masked, false) as cp_key_masked
from int_line__numbered as l
left join mart_account as c on l.cp_account_id = c.account_id
left join named as k on l.counterparty_no = k.counterparty_no
where
    l.cp_account_id is null
    or l.cp_basis not in ('account', 'mask')
    or (c.monitored and c.account_id <> l.account_id)
