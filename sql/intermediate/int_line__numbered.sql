-- Purpose: every transaction of every monitored account, each once, numbered in order, with its counterparty
-- resolved.
-- Grain: line_no (dense, in the order of account_no and seq). Only the columns that steps need; mart_line adds
-- the rest.
-- Reads: int_line__ordered, int_line__kept, int_counterparty__resolved, mart_account, mart_holder. Amounts in fen.
with starts as (
    select
        a.account_id,
        a.account_no,
        sum(a.lines) over (order by a.account_no) - a.lines as lines_before
    from mart_account as a
    where a.monitored
),

equal as (
    select
        account_no,
        booked_at::date as day,
        direction,
        amount_fen
    from int_line__ordered
    group by account_no, booked_at::date, direction, amount_fen
    having count(*) > 1
),

occurrence as (
    select
        o.row_id,
        row_number() over (
            partition by o.account_no, o.booked_at::date, o.direction, o.amount_fen
            order by o.seq
        ) as occurrence
    from int_line__ordered as o
    inner join equal as e
        on
            o.account_no = e.account_no
            and o.booked_at::date = e.day
            and o.direction = e.direction
            and o.amount_fen = e.amount_fen
),

resolved as (
    select
        r.account_no,
        coalesce(r.counterparty_account, '') as counterparty_account,
        coalesce(r.counterparty_name, '') as counterparty_name,
        r.cp_basis,
        c.account_id as cp_account_id,
        h.holder_id as cp_holder_id
    from int_counterparty__resolved as r
    left join mart_account as c on r.cp_account_no = c.account_no
    left join mart_holder as h on r.cp_holder_key = h.holder_key
)

select
    o.row_id,
    s.account_id,
    o.seq,
    k.booked_at,
    k.has_time,
    o.direction,
    o.amount_fen,
    k.balance_after_fen,
    k.counterparty_name,
    k.reference,
    r.cp_account_id,
    r.cp_holder_id,
    (s.lines_before + o.seq)::bigint as line_no,
    coalesce(n.occurrence, 1) as occurrence,
    k.booked_at::date as booked_on,
    coalesce(r.cp_basis, 'none') as cp_basis
from int_line__ordered as o
inner join int_line__kept as k on o.row_id = k.row_id
inner join starts as s on o.account_no = s.account_no
left join occurrence as n on o.row_id = n.row_id
left join resolved as r
    on
        k.account_no = r.account_no
        and coalesce(k.counterparty_account, '') = r.counterparty_account
        and coalesce(k.counterparty_name, '') = r.counterparty_name
