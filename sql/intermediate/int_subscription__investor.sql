-- Purpose: the holder and account of each subscription's investor.
-- Grain: subscription_id.
-- Reads: int_customer__resolved.
select
    record_id as subscription_id,
    account_id as investor_account_id,
    holder_id as investor_holder_id
from int_customer__resolved
where register = 'subscriptions'
