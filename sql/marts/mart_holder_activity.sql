-- Purpose: every holder's dealings with other holders, so that operators no register names are looked for among all.
-- Grain: holder_id (holders with at least one movement of money from or to another holder). Sorted by it.
-- Reads: mart_transfer, mart_holder. Amounts in fen; each movement counts once, whichever statement shows it.
-- person_payers/person_payees: other sides that are persons; both_ways: other sides that paid in and were paid;
-- in_days/out_days: different days with a movement; top_in_fen/top_out_fen: the largest other side's sum.
with moved as not materialized (
    select
        from_holder_id,
        to_holder_id,
        amount_fen,
        paid_at::date as day
    from mart_transfer
    where to_holder_id is not null and from_holder_id is not null and to_holder_id <> from_holder_id
),

directed as (
    select
        from_holder_id,
        to_holder_id,
        count(*) as lines,
        sum(amount_fen)::bigint as fen
    from moved
    group by from_holder_id, to_holder_id
),

side as (
    select
        to_holder_id as holder_id,
        from_holder_id as other_id,
        lines as in_lines,
        0 as out_lines,
        fen as in_fen,
        0 as out_fen
    from directed
    union all
    select
        from_holder_id as holder_id,
        to_holder_id as other_id,
        0 as in_lines,
        lines as out_lines,
        0 as in_fen,
        fen as out_fen
    from directed
),

pair as (
    select
        s.holder_id,
        s.other_id,
        h.kind,
        sum(s.in_lines) as in_lines,
        sum(s.out_lines) as out_lines,
        sum(s.in_fen)::bigint as in_fen,
        sum(s.out_fen)::bigint as out_fen
    from side as s
    inner join mart_holder as h on s.other_id = h.holder_id
    group by s.holder_id, s.other_id, h.kind
),

day as (
    select
        holder_id,
        day,
        bool_or(coming) as coming,
        bool_or(not coming) as going
    from (
        select
            to_holder_id as holder_id,
            day,
            true as coming
        from moved
        union all
        select
            from_holder_id as holder_id,
            day,
            false as coming
        from moved
    ) as either
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
