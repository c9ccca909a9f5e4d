-- Purpose: an institution's controlled accounts day by day.
-- Grain: institution_id × account_type × booked_on, days with lines only. Sorted by it.
-- Reads: mart_line, mart_controlled_account. Amounts in fen; balance_fen is the sum of the accounts' last known
-- balances of the day (null when an account of that day gives none).
with room as (
    select
        row_number() over () as room_no,
        institution_id,
        account_type
    from mart_controlled_account
    group by institution_id, account_type
),

account as (
    select
        c.account_id,
        r.room_no
    from mart_controlled_account as c
    inner join room as r on c.institution_id = r.institution_id and c.account_type = r.account_type
),

line as not materialized (
    select
        a.room_no,
        l.booked_on,
        l.direction,
        l.amount_fen,
        l.cp_holder_id
    from mart_line as l
    inner join account as a on l.account_id = a.account_id
),

summed as (
    select
        room_no,
        booked_on,
        count(*) as lines,
        sum(case when direction = 'in' then amount_fen else 0 end)::bigint as in_fen,
        sum(case when direction = 'out' then amount_fen else 0 end)::bigint as out_fen
    from line
    group by room_no, booked_on
),

-- one row for each other side first, and nothing beside: counting distinct ones at once costs several times as much
other as (
    select distinct
        room_no,
        booked_on,
        direction,
        cp_holder_id
    from line
    where cp_holder_id is not null
),

counted as (
    select
        room_no,
        booked_on,
        count(*) filter (where direction = 'in') as payers,
        count(*) filter (where direction = 'out') as payees
    from other
    group by room_no, booked_on
)

select
    r.institution_id,
    r.account_type,
    s.booked_on,
    s.lines,
    s.in_fen,
    s.out_fen,
    coalesce(c.payers, 0) as payers,
    coalesce(c.payees, 0) as payees
from summed as s
inner join room as r on s.room_no = r.room_no
left join counted as c on s.room_no = c.room_no and s.booked_on = c.booked_on
order by r.institution_id, r.account_type, s.booked_on
