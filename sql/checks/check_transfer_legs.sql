-- Purpose: every line stands in a transfer; a leg stands in two only when the other side split it.
-- Grain: a violating line.
-- Reads: mart_transfer, mart_line.
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

select l.line_no
from mart_line as l
left join counted as c on l.line_no = c.line_no
where c.line_no is null or (c.legs > 1 and not c.split)
