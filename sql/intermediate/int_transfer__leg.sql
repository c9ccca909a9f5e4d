-- Purpose: lines that may be one leg of a transfer between two accounts whose statements are on hand.
-- Grain: line_no.
-- Reads: int_line__numbered, int_counterparty__given, mart_account, mart_holder, int_account__holder, int_name__key.
-- Columns: own_keys, the names the account goes by (its holder's and its own title); cp_account_id where the number
-- (full or masked) tells the account; cp_key, the name given, where it does not: a name is a weaker claim, two
-- persons may share it. A line whose number is an account without statement is no leg.
with own as (
    select
        a.account_id,
        list_sort(list_distinct([h.name_key, o.name_key, o.base_key])) as own_keys
    from mart_account as a
    inner join mart_holder as h on a.holder_id = h.holder_id
    inner join int_account__holder as o on a.account_no = o.account_no
    where a.monitored
),

named as (
    select
        g.given_id,
        k.base_key,
        k.masked
    from int_counterparty__given as g
    inner join int_name__key as k on g.counterparty_name = k.name
)

select
    l.line_no,
    l.account_id,
    a.own_keys,
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
inner join own as a on l.account_id = a.account_id
left join mart_account as c on l.cp_account_id = c.account_id
left join named as k on l.given_id = k.given_id
where
    l.cp_account_id is null
    or l.cp_basis not in ('account', 'mask')
    or (c.monitored and c.account_id <> l.account_id)
