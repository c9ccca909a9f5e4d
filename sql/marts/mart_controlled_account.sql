-- Purpose: accounts an institution controls by register: its own rows and its products' accounts.
-- Grain: institution_id × account_id.
-- Reads: mart_account.
select
    institution_id,
    account_id,
    account_type,
    'register' as basis
from mart_account
where institution_id is not null and account_type is not null and account_type <> 'party'
order by institution_id, account_id
