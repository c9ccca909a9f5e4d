-- Purpose: register `industry_yields` as it stands: the latest delivered row of each key.
-- Grain: month, sector.
-- Reads: lake_industry_yields. Amounts also as integer fen (*_fen). Parameters: $as_of (date, the Sunday).
select
    month,
    sector,
    average_yield,
    source_file,
    source_sha256,
    source_record
from lake_industry_yields
where month <= strftime($as_of::date, '%Y-%m')
qualify
    row_number() over (
        partition by month, sector
        order by delivery_no desc, source_record desc
    ) = 1
order by month, sector
