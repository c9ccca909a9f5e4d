-- Purpose: register `tips` for the models, cut at the week's Sunday.
-- Grain: tip_id. Sorted by it.
-- Reads: stg_tips.
select *
from stg_tips
order by tip_id
