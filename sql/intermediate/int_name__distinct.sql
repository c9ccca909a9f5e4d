-- Purpose: every name that any file gives, once, for normalisation.
-- Grain: name as delivered.
-- Reads: mart_counterparty, int_account__stated and the registers that hold names.
with names as (
    select counterparty_name as name from mart_counterparty
    union
    select holder_name as name from int_account__stated
    union
    select holder_name as name from stg_accounts
    union
    select name from stg_institutions
    union
    select name from stg_parties
    union
    select investor_name as name from mart_investor
    union
    select borrower_name as name from stg_projects
    union
    select bank_name as name from stg_banks
    union
    select institution_name as name from stg_tips
    union
    select advertiser as name from stg_advertisements
)

select name
from names
where trim(name) <> ''
