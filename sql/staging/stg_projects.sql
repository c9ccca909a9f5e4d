-- Purpose: register `projects` as it stands: the latest delivered row of each key; a start after $as_of is not known
-- yet.
-- Grain: project_id.
-- Reads: lake_projects. Amounts also as integer fen (*_fen). Parameters: $as_of (date, the Sunday).
select
    project_id,
    institution_id,
    borrower_name,
    borrower_id,
    borrower_account,
    principal,
    (principal * 100)::bigint as principal_fen,
    annual_rate,
    case when started_on <= $as_of then started_on end as started_on,
    due_on,
    purpose,
    repayment,
    source_file,
    source_sha256,
    source_record
from lake_projects
qualify
    row_number() over (
        partition by project_id
        order by delivery_no desc, source_record desc
    ) = 1
order by project_id
