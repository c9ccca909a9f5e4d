-- Purpose: every transaction of every monitored account, each once, in order.
-- Grain: line_no (dense, sorted by account_no and seq).
-- Reads: int_line__numbered, int_line__occurrence, int_counterparty__given, int_transfer__matched, mart_account,
-- lake_content. Amounts in fen. Parameters: $from_line, $to_line (the wide rows are sorted a slice at a time).
-- Columns: line_id is the hash of account, day, direction and amount with the number of the occurrence of
-- these, so it stays the same when a later delivery tells more about the same transaction. A counterparty that
-- the number does not tell is taken from the paired leg (cp_basis 'transfer').
with line as (
    select *
    from int_line__numbered
    where line_no between $from_line and $to_line
),

leg as (
    select
        out_line_no as line_no,
        in_line_no as other_no,
        out_line_no as transfer_no
    from int_transfer__matched
    where out_line_no between $from_line and $to_line
    union all
    select
        in_line_no as line_no,
        out_line_no as other_no,
        out_line_no as transfer_no
    from int_transfer__matched
    where in_line_no between $from_line and $to_line
),

occurrence as (
    select *
    from int_line__occurrence
    where line_no between $from_line and $to_line
),

paired as (
    select
        g.line_no,
        min(a.account_id) as account_id,
        min(a.holder_id) as holder_id,
        min(g.transfer_no) as transfer_no
    from leg as g
    inner join int_line__numbered as l on g.other_no = l.line_no
    inner join mart_account as a on l.account_id = a.account_id
    group by g.line_no
)

select
    n.line_no,
    n.account_id,
    g.account_no,
    n.seq,
    n.booked_at,
    n.booked_on,
    n.has_time,
    n.direction,
    n.amount_fen,
    n.balance_after_fen,
    g.counterparty_account,
    g.counterparty_name,
    g.counterparty_bank,
    n.remark,
    n.reference,
    n.channel,
    c.source_file,
    c.source_sha256,
    n.source_record,
    substr(sha256(concat_ws(
        '|', g.account_no, n.booked_on::varchar, n.direction, n.amount_fen::varchar, coalesce(o.occurrence, 1)::varchar
    )), 1, 24) as line_id,
    case when p.line_no is not null and n.cp_basis in ('name', 'none') then p.account_id else n.cp_account_id end
        as cp_account_id,
    case when p.line_no is not null and n.cp_basis in ('name', 'none') then p.holder_id else n.cp_holder_id end
        as cp_holder_id,
    case when p.line_no is not null and n.cp_basis in ('name', 'none') then 'transfer' else n.cp_basis end as cp_basis,
    coalesce(p.transfer_no, n.line_no) as transfer_no
from line as n
inner join int_counterparty__given as g on n.given_id = g.given_id
inner join lake_content as c on n.content_no = c.content_no
left join occurrence as o on n.line_no = o.line_no
left join paired as p on n.line_no = p.line_no
order by n.line_no
