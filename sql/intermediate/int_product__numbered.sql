-- Purpose: numbers for products and for the institutions that offer them, so that subscriptions are joined by numbers.
-- Grain: product_id; product_no as in mart_product, institution_no from 1.
-- Reads: stg_products.
select
    product_id,
    institution_id,
    (row_number() over (order by product_id))::integer as product_no,
    (dense_rank() over (order by institution_id))::integer as institution_no
from stg_products
