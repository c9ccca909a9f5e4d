-- Purpose: accounts and days that two contents or more cover, so that only those are searched for repeated
-- transactions.
-- Grain: account_no; the days from the first to the last shared one.
-- Reads: int_line__seen.
with covered as (
    select
        account_no,
        content_no,
        min(booked_at)::date as first_on,
        max(booked_at)::date as last_on
    from int_line__seen
    group by account_no, content_no
),

latest as (
    select
        *,
        max(last_on) over (
            partition by account_no
            order by first_on, last_on, content_no
            rows between unbounded preceding and 1 preceding
        ) as reached_on
    from covered
)

select
    account_no,
    min(first_on) as first_on,
    max(least(last_on, reached_on)) as last_on
from latest
where first_on <= reached_on
group by account_no
