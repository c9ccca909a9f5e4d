-- view: Purpose: each project's borrower and each institution's investor, as the registers give them.
-- Grain: project_id for register 'projects'; institution_no × investor_no for 'subscriptions'.
-- Reads: stg_projects, int_investor__asked, mart_investor.
select
    'projects' as register,
    project_id,
    null::integer as institution_no,
    null::integer as investor_no,
    institution_id,
    upper(trim(borrower_id)) as said,
    borrower_account as account_no,
    borrower_name as name
from stg_projects
union all
select
    'subscriptions' as register,
    null as project_id,
    s.institution_no,
    s.investor_no,
    s.institution_id,
    upper(trim(i.investor_id)) as said,
    i.investor_account as account_no,
    i.investor_name as name
from int_investor__asked as s
inner join mart_investor as i on s.investor_no = i.investor_no
