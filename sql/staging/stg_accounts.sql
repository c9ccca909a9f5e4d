-- Purpose: register `accounts` as it stands: the latest delivered row of each key; rows dated (opened_on) after
-- $as_of are not seen.
-- Grain: account_no.
-- Reads: lake_accounts. Amounts also as integer fen (*_fen). Parameters: $as_of (date, the Sunday).
select
    account_no,
    account_type,
    bank_name,
    bank_code,
    holder_name,
    institution_id,
    party_id,
    opened_on,
    case when closed_on <= $as_of then closed_on end as closed_on,
    source_file,
    source_sha256,
    source_record
from lake_accounts
where opened_on <= $as_of or opened_on is null
qualify
    row_number() over (
        partition by account_no
        order by delivery_no desc, source_record desc
    ) = 1
order by account_no
