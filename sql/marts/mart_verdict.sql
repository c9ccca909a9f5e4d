-- Purpose: register `verdicts` for the models, cut at the week's Sunday.
-- Grain: finding_key. Sorted by it.
-- Reads: stg_verdicts.
select *
from stg_verdicts
order by finding_key
