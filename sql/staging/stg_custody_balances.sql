-- Purpose: register `custody_balances` as it stands: the latest delivered row of each key; rows dated (as_of) after
-- $as_of are not seen.
-- Grain: institution_id, as_of.
-- Reads: lake_custody_balances. Amounts also as integer fen (*_fen). Parameters: $as_of (date, the Sunday).
select
    institution_id,
    as_of,
    sub_ledger_total,
    ((sub_ledger_total) * 100)::bigint as sub_ledger_total_fen,
    bank_balance,
    ((bank_balance) * 100)::bigint as bank_balance_fen,
    source_file,
    source_sha256,
    source_record
from lake_custody_balances
where as_of <= $as_of or as_of is null
qualify
    row_number() over (
        partition by institution_id, as_of
        order by delivery_no desc, source_record desc
    ) = 1
order by institution_id, as_of
