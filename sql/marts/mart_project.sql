-- Purpose: registered projects with their borrower's account and holder and what was paid out and paid back.
-- Grain: project_id. Sorted by it.
-- Reads: stg_projects, int_project__borrower, mart_project_line, int_product__project. Amounts in fen.
with paid as (
    select
        project_id,
        (sum(case when kind = 'disbursement' then amount_fen else 0 end))::bigint as disbursed_fen,
        (sum(case when kind = 'repayment' then amount_fen else 0 end))::bigint as repaid_fen,
        count(*) filter (where kind = 'disbursement') as disbursements,
        count(*) filter (where kind = 'repayment') as repayments,
        min(line_no) filter (where kind = 'disbursement') as disbursed_line_no
    from mart_project_line
    group by project_id
),

funded as (
    select
        product_id,
        project_id
    from int_product__project
),

products as (
    select
        project_id,
        count(*) as products
    from funded
    group by project_id
)

select
    p.*,
    b.borrower_account_id,
    b.borrower_holder_id,
    coalesce(d.disbursed_fen, 0) as disbursed_fen,
    coalesce(d.repaid_fen, 0) as repaid_fen,
    coalesce(d.disbursements, 0) as disbursements,
    coalesce(d.repayments, 0) as repayments,
    d.disbursed_line_no,
    coalesce(f.products, 0) as products
from stg_projects as p
left join int_project__borrower as b on p.project_id = b.project_id
left join paid as d on p.project_id = d.project_id
left join products as f on p.project_id = f.project_id
order by p.project_id
