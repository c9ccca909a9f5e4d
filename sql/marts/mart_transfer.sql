-- Purpose: movements of money, each once: both legs where both statements are on hand, else the one leg there is.
-- Grain: transfer_no, sorted by it.
-- Reads: int_transfer__numbered, int_transfer__paired, mart_line.
-- amount_fen is what arrives; fee_fen what was kept back.
-- Amends: int_transfer__numbered
-- The rows are those of int_transfer__numbered and stay where they lie; what is selected here are the cells that
-- change, by transfer_no.
select
    p.transfer_no,
    p.out_line_no,
    p.in_line_no,
    o.account_id as from_account_id,
    i.account_id as to_account_id,
    o.holder_id as from_holder_id,
    i.holder_id as to_holder_id,
    case when p.basis = 'split' then least(o.amount_fen, i.amount_fen) else i.amount_fen end as amount_fen,
    p.fee_fen,
    o.booked_at as paid_at,
    i.booked_at as arrived_at,
    p.basis
from int_transfer__paired as p
inner join mart_line as o on p.out_line_no = o.line_no
inner join mart_line as i on p.in_line_no = i.line_no
