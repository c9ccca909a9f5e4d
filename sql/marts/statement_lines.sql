-- view: Purpose: the contract's statement lines (contract section 3), each transaction once.
-- Grain: line_id.
-- Reads: mart_line_told.
select
    line_id,
    account_no,
    booked_at,
    direction,
    (amount_fen::decimal(18, 0) / 100)::decimal(18, 2) as amount,
    'CNY' as currency,
    (balance_after_fen::decimal(18, 0) / 100)::decimal(18, 2) as balance_after,
    counterparty_account,
    counterparty_name,
    counterparty_bank,
    remark,
    reference,
    channel,
    source_file,
    source_sha256,
    source_record
from mart_line_told
