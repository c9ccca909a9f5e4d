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

-- one row for each other side first: counting distinct ones at once costs several times as much
other as (
    select
        a.room_no,
        l.booked_on,
        l.cp_holder_id,
        count(*) as lines,
        count(*) filter (where l.direction = 'in') as in_lines,
        count(*) filter (where l.direction = 'out') as out_lines,
        sum(case when l.direction = 'in' then l.amount_fen else 0 end) as in_fen,
        sum(case when l.direction = 'out' then l.amount_fen else 0 end) as out_fen
    from mart_line as l
    inner join account as a on l.account_id = a.account_id
    group by a.room_no, l.booked_on, l.cp_holder_id
),

counted as (
    select
        room_no,
        booked_on,
        sum(lines)::bigint as lines,
        sum(in_fen)::bigint as in_fen,
        sum(out_fen)::bigint as out_fen,
        count(*) filter (where in_lines > 0 and cp_holder_id is not null) as payers,
        count(*) filter (where out_lines > 0 and cp_holder_id is not null) as payees
    from other
    group by room_no, booked_on
)

select
    r.institution_id,
    r.account_type,
    c.booked_on,
    c.lines,
    c.in_fen,
    c.out_fen,
    c.payers,
    c.payees
from counted as c
inner join room as r on c.room_no = r.room_no
order by r.institution_id, r.account_type, c.booked_on
