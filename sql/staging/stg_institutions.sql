-- Purpose: register `institutions` as it stands: the latest delivered row of each key.
-- Grain: institution_id.
-- Reads: lake_institutions. Amounts also as integer fen (*_fen).
select
    institution_id,
    name,
    sector,
    licence_status,
    licence_no,
    licence_scope,
    uscc,
    district,
    registered_on,
    registered_capital,
    ((registered_capital) * 100)::bigint as registered_capital_fen,
    business_scope,
    group_id,
    source_file,
    source_sha256,
    source_record
from lake_institutions
qualify
    row_number() over (
        partition by institution_id
        order by delivery_no desc, source_record desc
    ) = 1
order by institution_id
