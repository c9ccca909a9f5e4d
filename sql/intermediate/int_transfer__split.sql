-- Purpose: one leg that stands as two on the other statement: their sum is its amount (a fee deducted at most 50
-- yuan).
-- Grain: out_line_no × in_line_no; the single leg occurs twice.
-- Reads: int_transfer__leg, int_transfer__round1, int_transfer__round2, int_transfer__round3. Only legs still free,
-- between the same two accounts, within two days, and only where the sum is found once.
with free as (
    select l.*
    from int_transfer__leg as l
    where l.line_no not in (
        select r1.out_line_no from int_transfer__round1 as r1
        union all
        select r1.in_line_no from int_transfer__round1 as r1
        union all
        select r2.out_line_no from int_transfer__round2 as r2
        union all
        select r2.in_line_no from int_transfer__round2 as r2
        union all
        select r3.out_line_no from int_transfer__round3 as r3
        union all
        select r3.in_line_no from int_transfer__round3 as r3
    )
),

part as (
    select
        a.direction,
        a.account_id,
        a.line_no as first_no,
        b.line_no as second_no,
        a.amount_fen + b.amount_fen as amount_fen,
        coalesce(a.cp_account_id, b.cp_account_id) as cp_account_id,
        least(a.booked_on, b.booked_on) as booked_on
    from free as a
    inner join free as b
        on
            a.account_id = b.account_id
            and a.direction = b.direction
            and a.cp_account_id = b.cp_account_id
            and a.line_no < b.line_no
            and abs(date_diff('day', a.booked_on, b.booked_on)) <= 1
    where a.cp_account_id is not null
),

met as (
    select
        w.line_no,
        w.direction,
        w.amount_fen,
        p.first_no,
        p.second_no,
        count(*) over (partition by w.line_no) as for_whole,
        count(*) over (partition by p.first_no) as for_first,
        count(*) over (partition by p.second_no) as for_second
    from part as p
    inner join free as w
        on
            p.cp_account_id = w.account_id
            and p.direction <> w.direction
            and p.amount_fen = w.amount_fen
            and (w.cp_account_id is null or p.account_id = w.cp_account_id)
            and abs(date_diff('day', p.booked_on, w.booked_on)) <= 3
)

select
    case when direction = 'out' then line_no else unnest([first_no, second_no]) end as out_line_no,
    case when direction = 'in' then line_no else unnest([first_no, second_no]) end as in_line_no,
    'split' as basis,
    0::bigint as fee_fen
from met
where for_whole = 1 and for_first = 1 and for_second = 1
