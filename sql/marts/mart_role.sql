-- Purpose: the main role of a holder towards an institution.
-- Grain: institution_id × holder_id. Sorted by it.
-- Reads: mart_role_all, whose header says how roles are ranked.
select *
from mart_role_all
qualify row_number() over (partition by institution_id, holder_id order by priority, role) = 1
order by institution_id, holder_id
