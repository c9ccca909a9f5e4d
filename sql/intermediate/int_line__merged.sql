-- Purpose: each repeated transaction once, with the most that any of its copies tells.
-- Grain: a transaction on an account.
-- Reads: int_line__seen, int_line__same.
-- The richest copy gives the line and its source; what it lacks comes from the others (a time, a balance, a
-- full number where it is masked). Ties go by content (sound files before those with a problem), never by
-- file name.
with copies as (
    select
        s.label,
        l.*,
        l.has_time::integer * 2
        + (l.balance_after_fen is not null)::integer
        + (l.counterparty_account is not null and not contains(l.counterparty_account, '*'))::integer
        + (l.counterparty_name is not null and not contains(l.counterparty_name, '*'))::integer
        + (l.counterparty_bank is not null)::integer
        + (l.remark is not null)::integer
        + (l.reference is not null)::integer
        + (l.channel is not null)::integer as rich
    from int_line__same as s
    inner join int_line__seen as l on s.row_id = l.row_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by label
            order by
                rich desc,
                booked_at asc,
                balance_after_fen asc,
                reference asc,
                counterparty_account asc,
                counterparty_name asc,
                remark asc,
                counterparty_bank asc, channel asc, content_no asc, source_record asc
        ) as rank
    from copies
),

merged as (
    select
        label,
        min(account_no) as account_no,
        arg_min(booked_at, (not has_time, second(booked_at) = 0, rank)) as booked_at,
        bool_or(has_time) as has_time,
        min(direction) as direction,
        min(amount_fen) as amount_fen,
        min(currency) as currency,
        arg_min(balance_after_fen, rank) filter (where balance_after_fen is not null) as balance_after_fen,
        arg_min(counterparty_account, (contains(counterparty_account, '*'), rank))
        filter (where counterparty_account is not null) as counterparty_account,
        arg_min(counterparty_name, (contains(counterparty_name, '*'), rank))
        filter (where counterparty_name is not null) as counterparty_name,
        arg_min(counterparty_bank, rank) filter (where counterparty_bank is not null) as counterparty_bank,
        arg_min(remark, rank) filter (where remark is not null) as remark,
        arg_min(reference, (-length(reference), rank)) filter (where reference is not null) as reference,
        arg_min(channel, rank) filter (where channel is not null) as channel,
        arg_min(holder_name, rank) filter (where holder_name is not null) as holder_name,
        arg_min(bank_name, rank) filter (where bank_name is not null) as bank_name,
        arg_min(source_record, rank) as source_record,
        arg_min(chain_no, rank) as chain_no,
        arg_min(content_no, rank) as content_no,
        count(*) as copies
    from ranked
    group by label
)

select
    * exclude (label),
    label as row_id
from merged
