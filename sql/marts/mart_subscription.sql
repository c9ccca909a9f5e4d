-- Purpose: subscriptions with their product, investor, investor's holder and the deposit that paid them.
-- Grain: subscription_no (dense); subscription_id, sorted by it.
-- Reads: int_subscription__numbered, int_investor__resolved, int_subscription__deposit. Amounts in fen.
-- Parameters: $from_row, $to_row (a slice of the subscriptions at a time).
-- Amends: int_subscription__numbered
-- The rows are those of int_subscription__numbered and stay where they lie; what is selected here are the cells that
-- change, by subscription_no. The product's terms stand in mart_product, the investor as given in mart_investor, the
-- file in mart_delivery.
with slice as (
    select *
    from int_subscription__numbered
    where subscription_no between $from_row and $to_row
)

select
    s.subscription_no,
    r.investor_account_id,
    r.investor_holder_id as holder_id,
    d.line_no
from slice as s
inner join int_investor__resolved as r on s.investor_no = r.investor_no and s.institution_no = r.institution_no
left join int_subscription__deposit as d on s.subscription_no = d.subscription_no
where r.investor_account_id is not null or r.investor_holder_id is not null or d.line_no is not null
