-- view: Purpose: lines with the texts that many of them share written out, and their ids.
-- Grain: line_no.
-- Reads: mart_line, mart_counterparty, mart_content. Amounts in fen.
-- Columns: line_id is the hash of account, day, direction and amount with the number of the occurrence of
-- these, so it stays the same when a later delivery tells more about the same transaction.
select
    l.line_no,
    l.account_id,
    g.account_no,
    l.seq,
    l.booked_at,
    l.booked_on,
    l.has_time,
    l.direction,
    l.amount_fen,
    l.balance_after_fen,
    g.counterparty_account,
    g.counterparty_name,
    g.counterparty_bank,
    l.remark,
    l.reference,
    l.channel,
    c.source_file,
    c.source_sha256,
    l.source_record,
    substr(sha256(concat_ws(
        '|', g.account_no, l.booked_on::varchar, l.direction, l.amount_fen::varchar, l.occurrence::varchar
    )), 1, 24) as line_id,
    l.cp_account_id,
    l.cp_holder_id,
    l.cp_basis,
    l.transfer_no
from mart_line as l
inner join mart_counterparty as g on l.counterparty_no = g.counterparty_no
inner join mart_content as c on l.content_no = c.content_no
