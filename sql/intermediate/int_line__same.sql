-- Purpose: copies of one transaction, found one after the other by the same balance after it, the same reference (where
-- one copy has no balance), the same minute (where copies share neither) and the same place among equals (where copies
-- have nothing to compare).
-- Grain: row_id, as in int_line__repeated; rows of one label are one transaction.
-- Reads: int_line__repeated.
-- Twins on one statement stay two: within a content the first of equals meets the first of equals, the second the
-- second. Told by the balance: copies that also differ in both reference and minute are two transactions after all
-- (out, in and out again on one day). By the reference: copies whose balances differ are two transactions of one
-- batch reference. Later: copies that both have a balance, a reference or a time, and differ in it, are two.
with recursive labelled as (
    select
        0 as step,
        row_id,
        grp,
        content,
        balance,
        reference,
        minute,
        label
    from int_line__repeated
    union all
    (
        with entity as (
            select
                label,
                max(step) + 1 as step,
                min(grp) as grp,
                min(balance) as balance,
                min(reference) as reference,
                min(minute) as minute,
                case max(step) + 1
                    when 1 then min(balance)::varchar
                    when 2 then min(reference)
                    when 3 then min(minute)::varchar
                    else ''
                end as key
            from labelled
            where step < 4
            group by label
        ),

        member as (
            select
                p.label,
                row_number() over (
                    partition by e.grp, e.key, p.content
                    order by e.minute nulls last, e.balance nulls last, e.reference nulls last, p.label
                ) as occurrence
            from labelled as p
            inner join entity as e on p.label = e.label
            where e.key is not null
        ),

        placed as (
            select
                label,
                max(occurrence) as occurrence
            from member
            group by label
        ),

        keyed as (
            select
                e.*,
                p.occurrence
            from entity as e
            inner join placed as p on e.label = p.label
        ),

        told as (
            select
                grp,
                key,
                occurrence,
                min(label) as label,
                coalesce(case max(step)
                    when 1 then min(reference) <> max(reference) and min(minute) <> max(minute)
                    when 2 then min(balance) <> max(balance)
                    else
                        min(balance) <> max(balance)
                        or min(reference) <> max(reference)
                        or min(minute) <> max(minute)
                end, false) as conflict
            from keyed
            group by grp, key, occurrence
        ),

        relabelled as (
            select
                k.label,
                case when t.conflict then k.label else t.label end as told_label
            from keyed as k
            inner join told as t on k.grp = t.grp and k.key = t.key and k.occurrence = t.occurrence
        )

        select
            p.step + 1 as step,
            p.row_id,
            p.grp,
            p.content,
            p.balance,
            p.reference,
            p.minute,
            coalesce(r.told_label, p.label) as label
        from labelled as p
        left join relabelled as r on p.label = r.label
        where p.step < 4
    )
)

select
    row_id,
    label
from labelled
where step = 4
