-- Purpose: every holder's dealings with other holders, so that operators no register names are looked for among all.
-- Grain: holder_id (holders with at least one movement of money from or to another holder). Sorted by it.
-- Reads: mart_transfer, mart_holder. Amounts in fen; each movement counts once, whichever statement shows it.
-- person_payers/person_payees: other sides that are persons; both_ways: other sides that paid in and were paid;
-- in_days/out_days: different days with a movement; top_in_fen/top_out_fen: the largest other side's sum.
with moved as (
    select
        to_holder_id as holder_id,
        from_holder_id as other_id,
        amount_fen,
        paid_at::date as day,
        true as coming
    from mart_transfer
    where to_holder_id is not null and from_holder_id is not null and to_holder_id <> from_holder_id
    union all
    select
        from_holder_id as holder_id,
        to_holder_id as other_id,
        amount_fen,
        paid_at::date as day,
        false as coming
    from mart_transfer
    where to_holder_id is not null and from_holder_id is not null and to_holder_id <> from_holder_id
),

pair as (
    select
        m.holder_id,
        m.other_id,
        h.kind,
        count(*) filter (where m.coming) as in_lines,
        count(*) filter (where not m.coming) as out_lines,
        coalesce(sum(m.amount_fen) filter (where m.coming), 0)::bigint as in_fen,
        coalesce(sum(m.amount_fen) filter (where not m.coming), 0)::bigint as out_fen
    from moved as m
    inner join mart_holder as h on m.other_id = h.holder_id
    group by m.holder_id, m.other_id, h.kind
),

day as (
    select
        holder_id,
        day,
        bool_or(coming) as coming,
        bool_or(not coming) as going
    from moved
    group by holder_id, day
),

days as (
    select
        holder_id,
        count(*) filter (where coming) as in_days,
        count(*) filter (where going) as out_days,
        min(day) as first_on,
        max(day) as last_on
    from day
    group by holder_id
)

select
    p.holder_id,
    count(*) filter (where p.in_lines > 0) as payers,
    count(*) filter (where p.in_lines > 0 and p.kind = 'person') as person_payers,
    count(*) filter (where p.out_lines > 0) as payees,
    count(*) filter (where p.out_lines > 0 and p.kind = 'person') as person_payees,
    count(*) filter (where p.in_lines > 0 and p.out_lines > 0) as both_ways,
    sum(p.in_lines)::bigint as in_lines,
    sum(p.out_lines)::bigint as out_lines,
    sum(p.in_fen)::bigint as in_fen,
    sum(p.out_fen)::bigint as out_fen,
    (sum(case when p.kind = 'person' then p.in_fen else 0 end))::bigint as person_in_fen,
    (sum(case when p.kind = 'person' then p.out_fen else 0 end))::bigint as person_out_fen,
    max(p.in_fen) as top_in_fen,
    max(p.out_fen) as top_out_fen,
    any_value(d.in_days) as in_days,
    any_value(d.out_days) as out_days,
    any_value(d.first_on) as first_on,
    any_value(d.last_on) as last_on
from pair as p
inner join days as d on p.holder_id = d.holder_id
group by p.holder_id
order by p.holder_id
