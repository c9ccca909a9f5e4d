-- Purpose: register `institutions` for the models, cut at the week's Sunday.
-- Grain: institution_id. Sorted by it.
-- Reads: stg_institutions.
select *
from stg_institutions
order by institution_id
