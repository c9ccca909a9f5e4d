-- Purpose: the place of each line among those that share its account and clock.
-- Grain: row_id; only lines that share account and clock with another.
-- Reads: int_line__tied, int_line__tie, int_line__walked.
-- The order of rows in a file never decides alone: it counts only where the balances prove it, so shuffled lines and
-- renamed files give the same places.
select
    l.row_id,
    case when t.rule = 'chain' then l.by_chain else coalesce(w.place, l.by_content) end as place
from int_line__tied as l
inner join int_line__tie as t on l.account_no = t.account_no and l.clock = t.clock
left join int_line__walked as w on l.row_id = w.row_id
