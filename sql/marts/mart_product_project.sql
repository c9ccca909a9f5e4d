-- Purpose: register `product_projects` for the models, cut at the week's Sunday.
-- Grain: product_id, project_id. Sorted by it.
-- Reads: stg_product_projects.
select *
from stg_product_projects
order by product_id, project_id
