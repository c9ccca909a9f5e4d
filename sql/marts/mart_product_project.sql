-- Purpose: which product funds which project, for the models, cut at the week's Sunday.
-- Grain: product_id, project_id. Sorted by it.
-- Reads: int_product__project.
select *
from int_product__project
order by product_id, project_id
