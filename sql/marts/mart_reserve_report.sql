-- Purpose: register `reserve_reports` for the models, cut at the week's Sunday.
-- Grain: institution_id, report_date. Sorted by it.
-- Reads: stg_reserve_reports.
select *
from stg_reserve_reports
order by institution_id, report_date
