-- Purpose: the holder and account of each subscription's investor.
-- Grain: subscription_id.
-- Reads: stg_subscriptions, mart_account, mart_holder, int_name__key.
with firm as (
    select
        name_key,
        min(holder_id) as holder_id
    from mart_holder
    where kind = 'company'
    group by name_key
    having count(*) = 1
)

select
    s.subscription_id,
    a.account_id as investor_account_id,
    coalesce(h.holder_id, a.holder_id, f.holder_id) as investor_holder_id
from stg_subscriptions as s
left join mart_account as a on s.investor_account = a.account_no
left join mart_holder as h on upper(trim(s.investor_id)) = h.id_no
left join int_name__key as k on s.investor_name = k.name
left join firm as f on k.base_key = f.name_key
