-- Purpose: the holder and bank that statements name for their own account.
-- Grain: account_no × holder_name × bank_name as delivered.
-- Reads: int_line__kept.
select distinct
    account_no,
    holder_name,
    bank_name
from int_line__kept
