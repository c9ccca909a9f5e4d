-- Purpose: who invests with which institution, as the register gives it.
-- Grain: institution_no × investor_no.
-- Reads: int_subscription__numbered, int_product__numbered.
-- Columns: institution_id is null where the product's is not known; first_id is the least subscription_id.
with pair as (
    select
        institution_no,
        investor_no,
        count(*) as subscriptions,
        min(subscription_id) as first_id
    from int_subscription__numbered
    group by institution_no, investor_no
),

institution as (
    select distinct
        institution_no,
        institution_id
    from int_product__numbered
)

select
    p.institution_no,
    p.investor_no,
    i.institution_id,
    p.subscriptions,
    p.first_id
from pair as p
left join institution as i on p.institution_no = i.institution_no
