-- Purpose: register `reserve_tables` for the models, cut at the week's Sunday.
-- Grain: institution_id, report_date, item. Sorted by it.
-- Reads: stg_reserve_tables.
select *
from stg_reserve_tables
order by institution_id, report_date, item
