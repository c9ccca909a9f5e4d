-- Purpose: copies of one transaction joined by the same reference, where one copy has no balance.
-- Grain: row_id, as in int_line__repeated; rows of one label are one transaction.
-- Reads: int_line__same_balance. Twins on one statement stay two: within a content the first of equals meets the
-- first of equals, the second the second. Two copies whose balances differ are two transactions of one batch
-- reference.
with entity as (
    select
        label,
        min(grp) as grp,
        min(balance) as balance,
        min(reference) as reference,
        min(minute) as minute
    from int_line__same_balance
    group by label
),

member as (
    select
        p.label,
        p.content,
        row_number() over (
            partition by e.grp, e.reference, p.content
            order by e.minute nulls last, e.balance nulls last, e.reference nulls last, p.label
        ) as occurrence
    from int_line__same_balance as p
    inner join entity as e on p.label = e.label
    where e.reference is not null
),

placed as (
    select
        label,
        max(occurrence) as occurrence,
        count(*) as contents
    from member
    group by label
),

keyed as (
    select
        e.*,
        p.occurrence,
        p.contents
    from entity as e
    inner join placed as p on e.label = p.label
),

joined as (
    select
        grp,
        reference,
        occurrence,
        min(label) as label,
        coalesce(min(balance) <> max(balance), false) as conflict
    from keyed
    group by grp, reference, occurrence
),

relabelled as (
    select
        k.label,
        case when j.conflict then k.label else j.label end as joined_label
    from keyed as k
    inner join joined as j
        on
            k.grp = j.grp
            and k.occurrence = j.occurrence
            and k.reference = j.reference
)

select
    p.* exclude (label),
    coalesce(r.joined_label, p.label) as label
from int_line__same_balance as p
left join relabelled as r on p.label = r.label
