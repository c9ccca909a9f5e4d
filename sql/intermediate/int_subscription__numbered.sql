-- kept: Purpose: subscriptions in order, with numbers for their product and investor.
-- Grain: subscription_no (dense, in the order of subscription_id).
-- Reads: stg_subscriptions, mart_investor, int_product__numbered. Amounts in fen.
-- Parameters: $after_id, $to_id (a slice of the subscriptions at a time, in their order; null for no bound).
-- Then: subscription_no = rowid + 1
-- Sides: as written
-- product_no is null and institution_no 0 where no register row is of that product. mart_subscription amends what is
-- known later.
with slice as (
    select *
    from stg_subscriptions
    where
        ($after_id::varchar is null or subscription_id > $after_id or subscription_id is null)
        and ($to_id::varchar is null or subscription_id <= $to_id)
)

select
    0::bigint as subscription_no,
    s.subscription_id,
    s.product_id,
    p.product_no,
    p.institution_id,
    coalesce(p.institution_no, 0) as institution_no,
    i.investor_no,
    s.amount_fen,
    s.subscribed_on,
    s.redeemed_on,
    s.investor_risk_level,
    s.delivery_no,
    s.source_record,
    null::integer as investor_account_id,
    null::integer as holder_id,
    null::bigint as line_no
from slice as s
inner join mart_investor as i
    on
        s.investor_id is not distinct from i.investor_id
        and s.investor_account is not distinct from i.investor_account
        and s.investor_name is not distinct from i.investor_name
left join int_product__numbered as p on s.product_id = p.product_id
order by s.subscription_id
