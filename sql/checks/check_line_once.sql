-- Purpose: line_no and line_id name one line each.
-- Grain: a violating line_id.
-- Reads: mart_line.
select line_id
from mart_line
group by line_id
having count(*) > 1
union all
select 'line_no has gaps' as line_id
from mart_line
having count(*) > 0 and (min(line_no) <> 1 or max(line_no) <> count(*) or count(distinct line_no) <> count(*))
