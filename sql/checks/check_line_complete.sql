-- Purpose: no transaction is lost or made up on the way from the kept rows to the mart.
-- Grain: one row when the counts or sums differ.
-- Reads: mart_line, mart_counterparty (which counts the kept rows before they are sorted and joined).
select
    k.lines as kept_lines,
    m.lines as mart_lines
from (select
    sum(lines) as lines,
    sum(in_fen) as in_fen,
    sum(out_fen) as out_fen
from mart_counterparty) as k
cross join (select
    count(*) as lines,
    sum(case when direction = 'in' then amount_fen else 0 end) as in_fen,
    sum(case when direction = 'out' then amount_fen else 0 end) as out_fen
from mart_line) as m
where
    coalesce(k.lines, 0) <> m.lines
    or coalesce(k.in_fen, 0) <> coalesce(m.in_fen, 0)
    or coalesce(k.out_fen, 0) <> coalesce(m.out_fen, 0)
