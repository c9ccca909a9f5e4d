-- Purpose: every transaction of every monitored account, each once, numbered in order, its counterparty resolved.
-- Grain: line_no (dense, in the order of account_no and seq; seq follows time, then balance chain, then content).
-- Reads: int_line__kept, int_day__untimed, int_line__placed, int_counterparty__resolved, mart_account, mart_holder.
-- Only the columns that steps need, so that the one sort over all lines is a narrow one; mart_line adds the rest.
-- occurrence counts the lines of equal account, day, direction and amount. Amounts in fen.
with starts as (
    select
        a.account_id,
        a.account_no,
        sum(a.lines) over (order by a.account_no) - a.lines as lines_before
    from mart_account as a
    where a.monitored
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
),

read as (
    select
        k.row_id,
        s.account_id,
        s.lines_before,
        k.booked_at,
        k.has_time,
        k.direction,
        k.amount_fen,
        k.balance_after_fen,
        r.cp_account_id,
        r.cp_holder_id,
        coalesce(r.cp_basis, 'none') as cp_basis,
        coalesce(u.day::timestamp, k.booked_at) as clock,
        coalesce(p.place, 1) as place
    from int_line__kept as k
    inner join starts as s on k.account_no = s.account_no
    left join int_day__untimed as u on k.account_no = u.account_no and k.booked_at::date = u.day
    left join int_line__placed as p on k.row_id = p.row_id
    left join resolved as r
        on
            k.account_no = r.account_no
            and coalesce(k.counterparty_account, '') = r.counterparty_account
            and coalesce(k.counterparty_name, '') = r.counterparty_name
),

ordered as (
    select
        *,
        row_number() over (partition by account_id order by clock, place) as seq
    from read
)

select
    * exclude (lines_before, clock, place),
    booked_at::date as booked_on,
    (lines_before + seq)::bigint as line_no
from ordered
