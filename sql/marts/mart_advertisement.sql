-- Purpose: register `advertisements` for the models, cut at the week's Sunday.
-- Grain: ad_id. Sorted by it.
-- Reads: stg_advertisements.
select *
from stg_advertisements
order by ad_id
