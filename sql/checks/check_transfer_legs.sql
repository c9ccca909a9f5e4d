-- Purpose: every line stands in a transfer; a leg stands in two only when the other side split it.
-- Grain: a violating line, or null where lines are missing or made up.
-- Reads: mart_transfer, mart_line (whose numbers run from 1 without a gap: check_line_once).
with legs as (
    select
        out_line_no as line_no,
        basis
    from mart_transfer
    where out_line_no is not null
    union all
    select
        in_line_no as line_no,
        basis
    from mart_transfer
    where in_line_no is not null
),

counted as (
    select
        line_no,
        count(*) as legs,
        bool_and(basis = 'split') as split
    from legs
    group by line_no
)

select line_no
from counted
where legs > 1 and not split
union all
select null as line_no
from (select
    count(*) as lines,
    min(line_no) as first_no,
    max(line_no) as last_no
from counted) as c
cross join (select count(*) as lines from mart_line) as l
where c.lines <> l.lines or c.first_no <> 1 or c.last_no <> l.lines
