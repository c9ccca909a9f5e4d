-- Purpose: lines whose order is to be found by walking from balance to balance (flows/steps/walk.py).
-- Grain: row_id, sorted by account_no, clock and content.
-- Reads: int_line__tied, int_line__tie.
select
    l.row_id,
    t.account_no,
    t.clock,
    t.prior,
    l.delta,
    l.balance as after
from int_line__tied as l
inner join int_line__tie as t on l.account_no = t.account_no and l.clock = t.clock
where t.rule = 'walk'
order by t.account_no, t.clock, l.by_content
