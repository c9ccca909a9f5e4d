-- Purpose: register `banks` for the models, cut at the week's Sunday.
-- Grain: bank_code. Sorted by it.
-- Reads: stg_banks.
select *
from stg_banks
order by bank_code
