-- Purpose: line_no and line_id name one line each, and lines lie in the order of line_no, 1 first, no number left out.
-- Grain: a violating line_no.
-- Reads: mart_line. What line_id is the hash of is grouped by a number first, which is cheap; only equal ones are
-- compared whole.
with doubtful as (
    select hash(account_id, booked_on, direction, amount_fen, occurrence) as line_hash
    from mart_line
    group by hash(account_id, booked_on, direction, amount_fen, occurrence)
    having count(*) > 1
)

select min(line_no) as line_no
from mart_line
where hash(account_id, booked_on, direction, amount_fen, occurrence) in (select d.line_hash from doubtful as d)
group by account_id, booked_on, direction, amount_fen, occurrence
having count(*) > 1
union all
select line_no
from mart_line
where line_no <> rowid + 1
