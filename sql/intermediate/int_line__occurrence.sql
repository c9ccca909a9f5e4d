-- Purpose: the number of a line among those of equal account, day, direction and amount, from the second on.
-- Grain: line_no.
-- Reads: int_line__numbered. Lines are told apart by a hash first, which is cheap; only those that share one are
-- compared whole.
with doubtful as (
    select hash(account_id, booked_on, direction, amount_fen) as line_hash
    from int_line__numbered
    group by hash(account_id, booked_on, direction, amount_fen)
    having count(*) > 1
),

counted as (
    select
        line_no,
        (row_number() over (
            partition by account_id, booked_on, direction, amount_fen
            order by line_no
        ))::integer as occurrence
    from int_line__numbered
    where hash(account_id, booked_on, direction, amount_fen) in (select d.line_hash from doubtful as d)
)

select *
from counted
where occurrence > 1
