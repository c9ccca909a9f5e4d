-- Purpose: line_no and line_id name one line each, and lines stand in the order of line_no, 1 first, no number left
-- out.
-- Grain: a violating line_id.
-- Reads: mart_line. Ids are grouped by their hash first, which is cheap; only equal ones are compared as texts.
with doubtful as (
    select hash(line_id) as line_hash
    from mart_line
    group by hash(line_id)
    having count(*) > 1
)

select line_id
from mart_line
where hash(line_id) in (select d.line_hash from doubtful as d)
group by line_id
having count(*) > 1
union all
select line_id
from mart_line
where line_no - 1 <> rowid - (select min(f.rowid) from mart_line as f)
