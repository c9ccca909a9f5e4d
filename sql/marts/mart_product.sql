-- Purpose: products with what the registers and subscriptions say of their size.
-- Grain: product_id. Sorted by it.
-- Reads: stg_products, stg_subscriptions, int_product__project. Amounts in fen.
with sold as (
    select
        product_id,
        count(*) as subscriptions,
        count(distinct coalesce(investor_id, investor_account, investor_name)) as investors,
        sum(amount_fen)::bigint as subscribed_fen,
        (sum(case when redeemed_on is not null then amount_fen else 0 end))::bigint as redeemed_fen
    from stg_subscriptions
    group by product_id
),

backed as (
    select
        product_id,
        count(*) as projects
    from int_product__project
    group by product_id
)

select
    p.*,
    coalesce(s.subscriptions, 0) as subscriptions,
    coalesce(s.investors, 0) as investors,
    coalesce(s.subscribed_fen, 0) as subscribed_fen,
    coalesce(s.redeemed_fen, 0) as redeemed_fen,
    coalesce(b.projects, 0) as projects
from stg_products as p
left join sold as s on p.product_id = s.product_id
left join backed as b on p.product_id = b.product_id
order by p.product_id
