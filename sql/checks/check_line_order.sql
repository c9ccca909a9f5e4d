-- Purpose: lines are numbered account by account and day by day.
-- Grain: a violating account and day.
-- Reads: mart_line.
with block as (
    select
        account_id,
        booked_on,
        count(*) as lines,
        min(line_no) as first_no,
        max(line_no) as last_no
    from mart_line
    group by account_id, booked_on
),

placed as (
    select
        *,
        sum(lines) over (order by account_id, booked_on) as lines_so_far
    from block
)

select
    account_id,
    booked_on
from placed
where last_no <> lines_so_far or first_no <> lines_so_far - lines + 1
