-- Purpose: register `products` as it stands: the latest delivered row of each key; rows dated (issued_on) after
-- $as_of are not seen.
-- Grain: product_id.
-- Reads: lake_products. Amounts also as integer fen (*_fen). Parameters: $as_of (date, the Sunday).
select
    product_id,
    institution_id,
    name,
    kind,
    promised_yield,
    term_days,
    issued_on,
    matures_on,
    raised_amount,
    ((raised_amount) * 100)::bigint as raised_amount_fen,
    min_subscription,
    ((min_subscription) * 100)::bigint as min_subscription_fen,
    risk_level,
    guarantee_text,
    parent_product_id,
    publicly_offered,
    source_file,
    source_sha256,
    source_record
from lake_products
where issued_on <= $as_of or issued_on is null
qualify
    row_number() over (
        partition by product_id
        order by delivery_no desc, source_record desc
    ) = 1
order by product_id
