-- temporary: Purpose: keys of the register `subscriptions` that were delivered more than once up to $as_of.
-- Grain: subscription_id.
-- Reads: lake_subscriptions. Parameters: $as_of (date, the Sunday). The longest of the registers: only these keys are
-- put in order (stg_subscriptions).
select subscription_id
from lake_subscriptions
where subscribed_on <= $as_of or subscribed_on is null
group by subscription_id
having count(*) > 1
