-- Purpose: no transaction is lost or made up on the way from the kept rows to the mart.
-- Grain: one row when the counts or sums differ.
-- Reads: mart_line, int_line__kept.
select
    k.lines as kept_lines,
    m.lines as mart_lines
from (select
    count(*) as lines,
    sum(amount_fen) as fen
from int_line__kept) as k
cross join (select
    count(*) as lines,
    sum(amount_fen) as fen
from mart_line) as m
where k.lines <> m.lines or coalesce(k.fen, 0) <> coalesce(m.fen, 0)
