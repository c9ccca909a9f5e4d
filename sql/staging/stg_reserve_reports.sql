-- Purpose: register `reserve_reports` as it stands: the latest delivered row of each key; rows dated (report_date)
-- after $as_of are not seen.
-- Grain: institution_id, report_date.
-- Reads: lake_reserve_reports. Amounts also as integer fen (*_fen). Parameters: $as_of (date, the Sunday).
select
    institution_id,
    report_date,
    customer_balance,
    ((customer_balance) * 100)::bigint as customer_balance_fen,
    bank_balance,
    ((bank_balance) * 100)::bigint as bank_balance_fen,
    in_transit,
    ((in_transit) * 100)::bigint as in_transit_fen,
    source_file,
    source_sha256,
    source_record
from lake_reserve_reports
where report_date <= $as_of or report_date is null
qualify
    row_number() over (
        partition by institution_id, report_date
        order by delivery_no desc, source_record desc
    ) = 1
order by institution_id, report_date
