-- Purpose: every way in which the statement of one account gives a counterparty, numbered, so that names and numbers
-- are worked on once each and lines carry a number instead of texts.
-- Grain: counterparty_no (dense, sorted by it); account_no × counterparty_account × counterparty_name ×
-- counterparty_bank as delivered.
-- Reads: int_line__kept.
-- Then: counterparty_no = (rowid + 1)::integer
-- Columns: lines, first_at, last_at, in_fen and out_fen are of the lines that give it. Amounts in fen.
select
    0::integer as counterparty_no,
    account_no,
    counterparty_account,
    counterparty_name,
    counterparty_bank,
    count(*) as lines,
    min(booked_at) as first_at,
    max(booked_at) as last_at,
    sum(case when direction = 'in' then amount_fen else 0 end)::bigint as in_fen,
    sum(case when direction = 'out' then amount_fen else 0 end)::bigint as out_fen
from int_line__kept
group by account_no, counterparty_account, counterparty_name, counterparty_bank
order by account_no, counterparty_account, counterparty_name, counterparty_bank
