-- temporary view: Purpose: register `subscriptions` as it stands: the latest delivered row of each key; rows dated
-- (subscribed_on) after $as_of are not seen.
-- Grain: subscription_id.
-- Reads: lake_subscriptions, stg_subscriptions_repeated. Amounts also as integer fen (*_fen). Parameters: $as_of (date,
-- the Sunday). A view: its texts are read where they are numbered (mart_investor) and nowhere held.
-- `seen` is not held either, so that whoever asks for some subscriptions has only those read.
with seen as not materialized (
    select *
    from lake_subscriptions
    where subscribed_on <= $as_of or subscribed_on is null
),

latest as (
    select s.*
    from seen as s
    anti join stg_subscriptions_repeated as r on s.subscription_id is not distinct from r.subscription_id
    union all
    select s.*
    from seen as s
    semi join stg_subscriptions_repeated as r on s.subscription_id is not distinct from r.subscription_id
    qualify
        row_number() over (
            partition by s.subscription_id
            order by s.delivery_no desc, s.source_record desc
        ) = 1
)

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
    delivery_no,
    source_record
from latest
