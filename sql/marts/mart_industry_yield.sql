-- Purpose: register `industry_yields` for the models, cut at the week's Sunday.
-- Grain: month, sector. Sorted by it.
-- Reads: stg_industry_yields.
select *
from stg_industry_yields
order by month, sector
