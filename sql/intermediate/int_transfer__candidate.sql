-- Purpose: pairs of legs that could be one transfer.
-- Grain: out_line_no × in_line_no, with the strongest basis.
-- Reads: int_transfer__leg, int_account__own_keys.
-- Every join runs over an account, a name or a reference *and* an amount or a day, so a
-- pool account with most of the traffic multiplies nothing.
-- Settings: the in-leg is booked 1 day before to 3 days after the out-leg (banks book up to two days apart, weekends
-- one more); a deducted fee is at most 50 yuan or 1 % of the amount, whichever is more.
with outs as materialized (
    select * from int_transfer__leg
    where direction = 'out'
),

ins as materialized (
    select * from int_transfer__leg
    where direction = 'in'
),

title as materialized (
    select
        account_id,
        unnest(own_keys) as own_key
    from int_account__own_keys
),

referenced as (
    select
        o.line_no as out_line_no,
        i.line_no as in_line_no,
        'reference' as basis
    from outs as o
    inner join ins as i
        on
            o.reference = i.reference
            and o.account_id <> i.account_id
    where
        i.booked_on between o.booked_on - 1 and o.booked_on + 3
        and i.amount_fen between o.amount_fen - greatest(5000, o.amount_fen // 100) and o.amount_fen
),

days as (
    select unnest(range(-1, 4)) as lag
),

out_day as (
    select
        o.*,
        o.booked_on + d.lag::integer as day
    from outs as o
    cross join days as d
    where o.cp_account_id is not null or o.cp_key is not null
),

in_day as (
    select
        i.*,
        i.booked_on - d.lag::integer as day
    from ins as i
    cross join days as d
    where i.cp_account_id is not null or i.cp_key is not null
),

named as (
    select
        o.line_no as out_line_no,
        i.line_no as in_line_no,
        'account' as basis
    from out_day as o
    inner join ins as i
        on
            o.cp_account_id = i.account_id
            and o.day = i.booked_on
            and o.amount_fen = i.amount_fen
    union all
    select
        o.line_no as out_line_no,
        i.line_no as in_line_no,
        'account' as basis
    from in_day as i
    inner join outs as o
        on
            i.cp_account_id = o.account_id
            and i.day = o.booked_on
            and i.amount_fen = o.amount_fen
    union all
    select
        o.line_no as out_line_no,
        i.line_no as in_line_no,
        'name' as basis
    from out_day as o
    inner join title as t on o.cp_key = t.own_key
    inner join ins as i
        on
            t.account_id = i.account_id
            and o.day = i.booked_on
            and o.amount_fen = i.amount_fen
    where o.cp_account_id is null
    union all
    select
        o.line_no as out_line_no,
        i.line_no as in_line_no,
        'name' as basis
    from in_day as i
    inner join title as t on i.cp_key = t.own_key
    inner join outs as o
        on
            t.account_id = o.account_id
            and i.day = o.booked_on
            and i.amount_fen = o.amount_fen
    where i.cp_account_id is null
),

fee as (
    select
        o.line_no as out_line_no,
        i.line_no as in_line_no,
        'account' as basis
    from out_day as o
    inner join ins as i
        on
            o.cp_account_id = i.account_id
            and o.account_id = i.cp_account_id
            and o.day = i.booked_on
    where
        i.amount_fen < o.amount_fen
        and i.amount_fen >= o.amount_fen - greatest(5000, o.amount_fen // 100)
),

pooled as (
    select * from referenced
    union all
    select * from named
    union all
    select * from fee
),

-- one row a pair before the legs are joined back, each join on a line number alone: left to itself the planner
-- may multiply all outs with all ins first
best as materialized (
    select
        out_line_no,
        in_line_no,
        min(case basis when 'reference' then 1 when 'account' then 2 else 3 end) as basis_rank
    from pooled
    group by out_line_no, in_line_no
),

with_out as materialized (
    select
        b.*,
        o.account_id as out_account_id,
        k.own_keys as out_keys,
        o.cp_account_id as out_cp_account_id,
        o.cp_key as out_cp_key,
        o.cp_key_masked as out_cp_masked,
        o.amount_fen as out_fen,
        o.reference as out_reference,
        o.booked_at as out_at,
        o.has_time as out_has_time
    from best as b
    inner join outs as o on b.out_line_no = o.line_no
    inner join int_account__own_keys as k on o.account_id = k.account_id
),

with_both as materialized (
    select
        b.*,
        i.account_id as in_account_id,
        k.own_keys as in_keys,
        i.cp_account_id as in_cp_account_id,
        i.cp_key as in_cp_key,
        i.cp_key_masked as in_cp_masked,
        i.amount_fen as in_fen,
        i.reference as in_reference,
        i.booked_at as in_at,
        i.has_time as in_has_time
    from with_out as b
    inner join ins as i on b.in_line_no = i.line_no
    inner join int_account__own_keys as k on i.account_id = k.account_id
)

select
    out_line_no,
    in_line_no,
    case basis_rank when 1 then 'reference' when 2 then 'account' else 'name' end as basis,
    out_fen - in_fen as fee_fen,
    case when out_fen = in_fen then 0 else 1000000 end
    + case
        when out_cp_account_id = in_account_id and in_cp_account_id = out_account_id then 0
        when out_cp_account_id = in_account_id or in_cp_account_id = out_account_id then 100000
        else 300000
    end
    + case when out_reference = in_reference then 0 else 50000 end
    + abs(date_diff('day', out_at::date, in_at::date)) * 10000
    + case when out_has_time and in_has_time then abs(date_diff('second', out_at, in_at)) / 100.0 else 0 end as cost
from with_both
where
    out_account_id <> in_account_id
    and coalesce(out_cp_account_id, in_account_id) = in_account_id
    and coalesce(in_cp_account_id, out_account_id) = out_account_id
    and (
        basis_rank = 1 and out_fen = in_fen
        or (
            (
                out_cp_key is null
                or list_contains(in_keys, out_cp_key)
                or out_cp_masked and len(list_filter(
                    in_keys,
                    lambda k: regexp_full_match(k, regexp_replace(regexp_escape(out_cp_key), '(\\\*)+', '.+', 'g'))
                )) > 0
            )
            and (
                in_cp_key is null
                or list_contains(out_keys, in_cp_key)
                or in_cp_masked and len(list_filter(
                    out_keys,
                    lambda k: regexp_full_match(k, regexp_replace(regexp_escape(in_cp_key), '(\\\*)+', '.+', 'g'))
                )) > 0
            )
        )
    )
