-- Purpose: lines by which a registered project pays its borrower or is repaid.
-- Grain: project_id × line_no; a line that could serve several projects of one borrower goes to one of them.
-- Reads: mart_line, mart_controlled_account, int_project__borrower, stg_projects. Amounts in fen. A line is taken
-- when its counterparty is the borrower's account or holder. Among the borrower's projects the one whose number the
-- remark or reference names goes first, then the one whose dates and amounts fit best.
with line as (
    select
        l.line_no,
        c.institution_id,
        l.direction,
        l.amount_fen,
        l.booked_on,
        l.cp_account_id,
        l.cp_holder_id,
        l.remark,
        l.reference
    from mart_line as l
    inner join mart_controlled_account as c on l.account_id = c.account_id
),

candidate as (
    select
        l.*,
        p.project_id,
        p.principal_fen,
        p.annual_rate,
        p.started_on,
        p.due_on,
        contains(concat_ws(' ', l.remark, l.reference), p.project_id) as named,
        case when l.cp_account_id = b.borrower_account_id then 'account' else 'holder' end as basis
    from line as l
    inner join int_project__borrower as b on l.cp_holder_id = b.borrower_holder_id
    inner join stg_projects as p on b.project_id = p.project_id and l.institution_id = p.institution_id
),

judged as (
    select
        *,
        case when direction = 'out' then 'disbursement' else 'repayment' end as kind,
        case
            when direction = 'out'
                then
                    abs(date_diff('day', coalesce(started_on, booked_on), booked_on)) * 10
                    + 1000 * abs(amount_fen - principal_fen) / principal_fen
            else abs(date_diff('day', coalesce(due_on, booked_on), booked_on))
        end as misfit
    from candidate
    where
        direction = 'out' and amount_fen <= principal_fen * 1.02
        or direction = 'in' and booked_on >= coalesce(started_on, booked_on)
)

select
    project_id,
    line_no,
    institution_id,
    kind,
    amount_fen,
    booked_on,
    case when named then 'named' else basis end as basis
from judged
qualify row_number() over (partition by line_no order by named desc, misfit asc, project_id asc) = 1
order by project_id, line_no
