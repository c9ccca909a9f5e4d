-- Purpose: register `reserve_tables` as it stands: the latest delivered row of each key; rows dated (report_date)
-- after $as_of are not seen.
-- Grain: institution_id, report_date, item.
-- Reads: lake_reserve_tables. Amounts also as integer fen (*_fen). Parameters: $as_of (date, the Sunday).
select
    institution_id,
    report_date,
    item,
    amount,
    ((amount) * 100)::bigint as amount_fen,
    source_file,
    source_sha256,
    source_record
from lake_reserve_tables
where report_date <= $as_of or report_date is null
qualify
    row_number() over (
        partition by institution_id, report_date, item
        order by delivery_no desc, source_record desc
    ) = 1
order by institution_id, report_date, item
