-- Purpose: subscriptions with their product, institution, investor's holder and the deposit that paid them.
-- Grain: subscription_id. Sorted by it.
-- Reads: stg_subscriptions, lake_deliveries, stg_products, int_subscription__investor, int_subscription__deposit.
-- Amounts in fen.
select
    s.subscription_id,
    s.product_id,
    s.investor_id,
    s.investor_name,
    s.investor_account,
    s.amount,
    s.amount_fen,
    s.subscribed_on,
    s.redeemed_on,
    s.investor_risk_level,
    f.source_file,
    f.source_sha256,
    s.source_record,
    p.institution_id,
    p.kind as product_kind,
    p.promised_yield,
    p.term_days,
    p.issued_on,
    p.matures_on,
    p.risk_level,
    i.investor_account_id,
    i.investor_holder_id as holder_id,
    d.line_no
from stg_subscriptions as s
left join lake_deliveries as f on s.delivery_no = f.delivery_no
left join stg_products as p on s.product_id = p.product_id
left join int_subscription__investor as i on s.subscription_id = i.subscription_id
left join int_subscription__deposit as d on s.subscription_id = d.subscription_id
order by s.subscription_id
