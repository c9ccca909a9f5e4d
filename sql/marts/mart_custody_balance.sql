-- Purpose: register `custody_balances` for the models, cut at the week's Sunday.
-- Grain: institution_id, as_of. Sorted by it.
-- Reads: stg_custody_balances.
select *
from stg_custody_balances
order by institution_id, as_of
