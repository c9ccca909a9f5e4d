-- Purpose: the order of an account's transactions over time: time, then balance chain, then content.
-- Grain: a transaction on an account; seq counts from 1 within the account.
-- Reads: int_line__kept, int_day__untimed, int_line__tied, int_line__tie, int_line__walked.
-- The order of rows in a file never decides alone: it counts only where the balances prove it, so shuffled lines and
-- renamed files give the same seq.
with placed as (
    select
        l.row_id,
        case when t.rule = 'chain' then l.by_chain else coalesce(w.place, l.by_content) end as place
    from int_line__tied as l
    inner join int_line__tie as t on l.account_no = t.account_no and l.clock = t.clock
    left join int_line__walked as w on l.row_id = w.row_id
)

select
    k.row_id,
    k.account_no,
    k.booked_at,
    k.direction,
    k.amount_fen,
    row_number() over (
        partition by k.account_no
        order by coalesce(u.day::timestamp, k.booked_at), coalesce(p.place, 1)
    ) as seq
from int_line__kept as k
left join int_day__untimed as u on k.account_no = u.account_no and k.booked_at::date = u.day
left join placed as p on k.row_id = p.row_id
