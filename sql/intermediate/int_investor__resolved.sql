-- Purpose: the holder and account of each investor of an institution.
-- Grain: institution_no × investor_no.
-- Reads: int_customer__resolved.
select
    institution_no,
    investor_no,
    account_id as investor_account_id,
    holder_id as investor_holder_id
from int_customer__resolved
where register = 'subscriptions'
