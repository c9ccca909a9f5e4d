-- Purpose: register `banks` as it stands: the latest delivered row of each key.
-- Grain: bank_code.
-- Reads: lake_banks. Amounts also as integer fen (*_fen).
select
    bank_code,
    bank_name,
    qualified_custodian,
    qualified_reserve_bank,
    source_file,
    source_sha256,
    source_record
from lake_banks
qualify
    row_number() over (
        partition by bank_code
        order by delivery_no desc, source_record desc
    ) = 1
order by bank_code
