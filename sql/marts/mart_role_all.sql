-- Purpose: every role that a holder has towards an institution, each with its reason.
-- Grain: institution_id × holder_id × role. Sorted by it with priority first.
-- Reads: registers (staging), mart_relation, int_pair__flow, int_investor__asked, int_investor__resolved,
-- int_project__borrower.
-- Priority (1 first) says which role is the main one: what a register says of this pair goes before what a register
-- says of the holder alone, this before the holder's name, this before behaviour; a related party stays related
-- whatever else it is, a registered borrower stays a borrower even when it also invests.
with pair as (
    select
        institution_id,
        holder_id
    from int_pair__flow
),

own as (
    select
        i.institution_id,
        h.holder_id
    from stg_institutions as i
    inner join mart_holder as h on i.institution_id = h.institution_id
),

-- several paths may lead from an institution to one holder: the one that is told is the first by source and text
relation as (
    select
        institution_id,
        holder_id,
        case when role in ('employee', 'vendor', 'guarantor') then role else 'related' end as role,
        case role when 'guarantor' then 5 when 'employee' then 12 when 'vendor' then 13 else 2 end as priority,
        path as reason,
        case when distance = 1 then 'register' else 'ownership' end as source
    from mart_relation
),

found as (
    select
        institution_id,
        holder_id,
        'self' as role,
        1 as priority,
        'the institution itself' as reason,
        'register' as source,
        'institutions' as register,
        institution_id as key
    from own
    union all
    select
        institution_id,
        holder_id,
        role,
        priority,
        arg_min(reason, (source, reason)) as reason,
        min(source) as source,
        'relations' as register,
        null as key
    from relation
    group by institution_id, holder_id, role, priority
    union all
    select
        p.institution_id,
        b.borrower_holder_id as holder_id,
        'borrower' as role,
        3 as priority,
        'borrower of ' || count(*)::varchar || ' registered projects' as reason,
        'register' as source,
        'projects' as register,
        min(p.project_id) as key
    from stg_projects as p
    inner join int_project__borrower as b on p.project_id = b.project_id
    where b.borrower_holder_id is not null
    group by p.institution_id, b.borrower_holder_id
    union all
    select
        a.institution_id,
        i.investor_holder_id as holder_id,
        'client' as role,
        4 as priority,
        'subscribed ' || sum(a.subscriptions)::varchar || ' times' as reason,
        'register' as source,
        'subscriptions' as register,
        min(a.first_id) as key
    from int_investor__asked as a
    inner join int_investor__resolved as i on a.investor_no = i.investor_no and a.institution_no = i.institution_no
    where i.investor_holder_id is not null and a.institution_no > 0
    group by a.institution_id, i.investor_holder_id
    union all
    select
        f.institution_id,
        k.holder_id,
        k.role,
        k.priority,
        k.reason,
        k.source,
        k.register,
        k.key
    from pair as f
    inner join mart_holder_kind as k on f.holder_id = k.holder_id
    union all
    select
        f.institution_id,
        f.holder_id,
        case
            when h.kind = 'person' and f.in_lines > 0 then 'client'
            when f.in_lines > 0 and f.out_lines > 0 and f.reserve_lines > 0 then 'client'
            when f.reserve_lines > 0 then 'client'
            when h.kind = 'company' and f.in_lines = 0 then 'supplier'
            else 'unknown'
        end as role,
        case
            when h.kind = 'person' and f.in_lines > 0 then 14
            when f.reserve_lines > 0 then 14
            when h.kind = 'company' and f.in_lines = 0 then 15
            else 16
        end as priority,
        case
            when h.kind = 'person' and f.in_lines > 0 and f.out_lines > 0 then 'pays in and is paid out'
            when h.kind = 'person' and f.in_lines > 0 then 'pays in'
            when f.reserve_lines > 0 then 'customer of a reserve account'
            when h.kind = 'company' and f.in_lines = 0 then 'a firm that is only paid'
            else 'no register and no behaviour tells'
        end as reason,
        'behaviour' as source,
        null as register,
        null as key
    from int_pair__flow as f
    inner join mart_holder as h on f.holder_id = h.holder_id
)

select *
from found
order by institution_id, holder_id, priority, role
