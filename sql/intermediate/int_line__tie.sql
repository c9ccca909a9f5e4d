-- Purpose: how the lines of one clock of one account are to be ordered.
-- Grain: account_no × clock with two lines or more.
-- Reads: int_line__tied.
-- rule 'chain': the source's order walks from balance to balance and no other order does (every balance before is
-- different); 'walk': balances are known (at least half of them) but the order has to be found; 'content': they
-- do not tell.
with linked as (
    select
        *,
        lag(balance) over (partition by account_no, clock order by by_chain) + delta <> balance as misfit
    from int_line__tied
)

select
    account_no,
    clock,
    case
        when count(balance) * 2 < count(*) then 'content'
        when
            min(content) = max(content)
            and count(distinct balance - delta) = count(*)
            and not coalesce(bool_or(misfit), false)
            then 'chain'
        else 'walk'
    end as rule,
    arg_max(balance, by_chain) as last_balance
from linked
group by account_no, clock
