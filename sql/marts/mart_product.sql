-- Purpose: products with what the registers and subscriptions say of their size.
-- Grain: product_no (dense); product_id, sorted by it.
-- Reads: stg_products, int_product__numbered, int_subscription__numbered, mart_investor, int_product__project. Amounts
-- in fen.
-- one row for each investor first: counting distinct ones at once costs several times as much
with bought as (
    select
        s.product_no,
        i.who_no,
        count(*) as subscriptions,
        sum(s.amount_fen) as subscribed_fen,
        sum(case when s.redeemed_on is not null then s.amount_fen else 0 end) as redeemed_fen
    from int_subscription__numbered as s
    inner join mart_investor as i on s.investor_no = i.investor_no
    group by s.product_no, i.who_no
),

sold as (
    select
        product_no,
        sum(subscriptions)::bigint as subscriptions,
        count(who_no) as investors,
        sum(subscribed_fen)::bigint as subscribed_fen,
        sum(redeemed_fen)::bigint as redeemed_fen
    from bought
    group by product_no
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
    n.product_no,
    coalesce(s.subscriptions, 0) as subscriptions,
    coalesce(s.investors, 0) as investors,
    coalesce(s.subscribed_fen, 0) as subscribed_fen,
    coalesce(s.redeemed_fen, 0) as redeemed_fen,
    coalesce(b.projects, 0) as projects
from stg_products as p
left join int_product__numbered as n on p.product_id = n.product_id
left join sold as s on n.product_no = s.product_no
left join backed as b on p.product_id = b.product_id
order by p.product_id
