-- Purpose: movements of money, each once: both legs where both statements are on hand, else the one leg there is.
-- Grain: transfer_no, sorted by it: the line_no of the leg out, of the leg in where that is all there is, and of the
-- leg in for the second part of a leg that the other side split.
-- Reads: int_transfer__matched, int_line__numbered, mart_account. amount_fen is what arrives; fee_fen what was
-- kept back.
with matched as (
    select
        *,
        row_number() over (partition by out_line_no order by in_line_no) as part
    from int_transfer__matched
),

taken as (
    select out_line_no as line_no from matched
    union
    select in_line_no as line_no from matched
),

paired as (
    select
        case when m.part = 1 then m.out_line_no else m.in_line_no end as transfer_no,
        m.out_line_no,
        m.in_line_no,
        o.account_id as from_account_id,
        i.account_id as to_account_id,
        oa.holder_id as from_holder_id,
        ia.holder_id as to_holder_id,
        case when m.basis = 'split' then least(o.amount_fen, i.amount_fen) else i.amount_fen end as amount_fen,
        m.fee_fen::bigint as fee_fen,
        o.booked_at as paid_at,
        i.booked_at as arrived_at,
        m.basis
    from matched as m
    inner join int_line__numbered as o on m.out_line_no = o.line_no
    inner join int_line__numbered as i on m.in_line_no = i.line_no
    inner join mart_account as oa on o.account_id = oa.account_id
    inner join mart_account as ia on i.account_id = ia.account_id
),

alone as (
    select
        l.line_no as transfer_no,
        case when l.direction = 'out' then l.line_no end as out_line_no,
        case when l.direction = 'in' then l.line_no end as in_line_no,
        case when l.direction = 'out' then l.account_id else l.cp_account_id end as from_account_id,
        case when l.direction = 'in' then l.account_id else l.cp_account_id end as to_account_id,
        case when l.direction = 'out' then a.holder_id else l.cp_holder_id end as from_holder_id,
        case when l.direction = 'in' then a.holder_id else l.cp_holder_id end as to_holder_id,
        l.amount_fen,
        0::bigint as fee_fen,
        l.booked_at as paid_at,
        l.booked_at as arrived_at,
        'one_leg' as basis
    from int_line__numbered as l
    inner join mart_account as a on l.account_id = a.account_id
    anti join taken as t on l.line_no = t.line_no
)

select * from paired
union all
select * from alone
order by transfer_no
