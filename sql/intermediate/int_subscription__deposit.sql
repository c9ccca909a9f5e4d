-- Purpose: the deposit line that paid a subscription: same investor, same amount, nearest day within 7 days.
-- Grain: subscription_no; a line serves one subscription. Twins are paired in order, so no join multiplies.
-- Reads: mart_line, mart_controlled_account, int_subscription__numbered, int_product__numbered, int_investor__resolved.
-- Both sides are materialised: joined apart, the optimiser would meet them on amount and day alone, where round
-- amounts make a cross product of a big platform.
with asked as materialized (
    select
        s.subscription_no,
        s.institution_no,
        i.investor_holder_id as holder_id,
        s.amount_fen,
        s.subscribed_on
    from int_subscription__numbered as s
    inner join int_investor__resolved as i on s.investor_no = i.investor_no and s.institution_no = i.institution_no
    where i.investor_holder_id is not null
),

account as (
    select distinct
        c.account_id,
        p.institution_no
    from mart_controlled_account as c
    inner join int_product__numbered as p on c.institution_id = p.institution_id
),

paid as materialized (
    select
        l.line_no,
        c.institution_no,
        l.cp_holder_id as holder_id,
        l.amount_fen,
        l.booked_on
    from mart_line as l
    inner join account as c on l.account_id = c.account_id
    where l.direction = 'in' and l.cp_holder_id is not null
),

near as (
    select
        a.subscription_no,
        p.line_no,
        abs(date_diff('day', p.booked_on, a.subscribed_on)) as days,
        row_number() over (
            partition by a.subscription_no
            order by abs(date_diff('day', p.booked_on, a.subscribed_on)), p.line_no
        ) as by_subscription,
        row_number() over (
            partition by p.line_no
            order by abs(date_diff('day', p.booked_on, a.subscribed_on)), a.subscription_no
        ) as by_line
    from asked as a
    inner join paid as p
        on
            a.institution_no = p.institution_no
            and a.holder_id = p.holder_id
            and a.amount_fen = p.amount_fen
            and p.booked_on between a.subscribed_on - 7 and a.subscribed_on + 7
)

select
    subscription_no,
    line_no
from near
where by_subscription = by_line
qualify
    row_number() over (partition by subscription_no order by days, line_no) = 1
    and row_number() over (partition by line_no order by days, subscription_no) = 1
