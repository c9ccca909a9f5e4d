-- Purpose: register `subscriptions` as it stands: the latest delivered row of each key; rows dated (subscribed_on)
-- after $as_of are not seen.
-- Grain: subscription_id.
-- Reads: lake_subscriptions. Amounts also as integer fen (*_fen). Parameters: $as_of (date, the Sunday).
select
    subscription_id,
    product_id,
    investor_id,
    investor_name,
    investor_account,
    amount,
    ((amount) * 100)::bigint as amount_fen,
    subscribed_on,
    case when redeemed_on <= $as_of then redeemed_on end as redeemed_on,
    investor_risk_level,
    source_file,
    source_sha256,
    source_record
from lake_subscriptions
where subscribed_on <= $as_of or subscribed_on is null
qualify
    row_number() over (
        partition by subscription_id
        order by delivery_no desc, source_record desc
    ) = 1
order by subscription_id
