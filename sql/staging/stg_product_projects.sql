-- Purpose: register `product_projects` as it stands: the latest delivered row of each key.
-- Grain: product_id, project_id.
-- Reads: lake_product_projects. Amounts also as integer fen (*_fen).
select
    product_id,
    project_id,
    amount,
    ((amount) * 100)::bigint as amount_fen,
    source_file,
    source_sha256,
    source_record
from lake_product_projects
qualify
    row_number() over (
        partition by product_id, project_id
        order by delivery_no desc, source_record desc
    ) = 1
order by product_id, project_id
