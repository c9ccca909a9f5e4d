-- Purpose: lines whose order is to be found by walking from balance to balance (flows/steps/walk.py).
-- Grain: row_id, sorted by account_no, clock and content.
-- Reads: int_line__tied, int_line__tie, int_line__kept, int_day__untimed.
-- prior: the balance before, where the clock before has one line or a proven order.
with asked as (
    select distinct account_no
    from int_line__tie
    where rule = 'walk'
),

clocks as (
    select
        l.account_no,
        case when u.day is null then l.booked_at else u.day::timestamp end as clock,
        count(*) as lines,
        min(l.balance_after_fen) as balance
    from int_line__kept as l
    inner join asked as a on l.account_no = a.account_no
    left join int_day__untimed as u on l.account_no = u.account_no and l.booked_at::date = u.day
    group by l.account_no, case when u.day is null then l.booked_at else u.day::timestamp end
),

closed as (
    select
        c.account_no,
        c.clock,
        t.rule,
        lag(
            case when c.lines = 1 then c.balance when t.rule = 'chain' then t.last_balance end
        ) over (partition by c.account_no order by c.clock) as prior
    from clocks as c
    left join int_line__tie as t on c.account_no = t.account_no and c.clock = t.clock
)

select
    l.row_id,
    l.account_no,
    l.clock,
    c.prior,
    l.delta,
    l.balance as after
from int_line__tied as l
inner join closed as c on l.account_no = c.account_no and l.clock = c.clock
where c.rule = 'walk'
order by l.account_no, l.clock, l.by_content
