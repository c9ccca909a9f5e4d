-- Purpose: one main role for each institution and holder.
-- Grain: a violating pair.
-- Reads: mart_role.
select
    institution_id,
    holder_id
from mart_role
group by institution_id, holder_id
having count(*) > 1
