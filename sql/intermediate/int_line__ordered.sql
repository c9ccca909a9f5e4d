-- Purpose: the order of an account's transactions over time: time, then balance chain, then content.
-- Grain: a transaction on an account; seq counts from 1 within the account.
-- Reads: int_line__kept, int_line__tied, int_line__tie, int_line__walked. The order of rows in a file never decides
-- alone: it counts only where the balances prove it, so shuffled lines and renamed files give the same seq.
select
    k.*,
    row_number() over (
        partition by k.account_no
        order by
            l.clock,
            case when t.rule = 'chain' then l.by_chain else coalesce(w.place, l.by_content) end
    ) as seq
from int_line__kept as k
inner join int_line__tied as l on k.row_id = l.row_id
left join int_line__tie as t on l.ties > 1 and l.account_no = t.account_no and l.clock = t.clock
left join int_line__walked as w on k.row_id = w.row_id
