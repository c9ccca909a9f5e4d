-- view: Purpose: each transaction once.
-- Grain: a transaction on an account (row_id).
-- Reads: int_line__seen, int_line__repeated, int_line__merged. A view: steps read only the columns they need.
select
    *,
    1 as copies
from int_line__seen
where row_id not in (select r.row_id from int_line__repeated as r)
union all by name
select *
from int_line__merged
