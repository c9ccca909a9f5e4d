-- Purpose: where the balance chain of an account does not hold over all its files, and where files overlap.
-- Grain: account_no × line_no × kind; for kind 'overlap' account_no × pair of sources. Sorted by account_no, kind,
-- first_on.
-- Reads: mart_line, mart_account, mart_content, int_content__overlap. Amounts in fen.
-- Take the running total of the amounts from each
-- stated balance: what is left stays the same along an account; a break is where it changes, and gap_fen by how much
-- (what is missing or too much). kind 'break': both lines stand in one file; 'gap': in two files (days or pages are
-- missing between them, or one file is cut short); 'overlap': two files hold lines of the same transactions (counted
-- once; lines says how many, gap_fen is null).
with based as (
    -- one running total over all accounts in the order in which mart_line stands: only differences count, and no line
    -- is kept in memory, as it would be with a window that sorts
    select
        account_id,
        line_no,
        case
            when lag(line_no) over () <> line_no - 1 then error('mart_line was not read in its order')
            else
                balance_after_fen - sum(case when direction = 'in' then amount_fen else -amount_fen end)
                    over (rows between unbounded preceding and current row) -- noqa: PRS
        end as base
    from mart_line
),

stepped as (
    select
        *,
        lag(account_id) over () as account_before,
        lag(base) over () as base_before,
        lag(line_no) over () as line_before
    from based
    where base is not null
),

broken as (
    select
        a.account_no,
        case when c.source_file = d.source_file then 'break' else 'gap' end as kind,
        s.line_no,
        s.line_before as previous_line_no,
        b.booked_on as first_on,
        l.booked_on as last_on,
        (s.base - s.base_before)::bigint as gap_fen,
        s.line_no - s.line_before + 1 as lines,
        d.source_file as previous_file,
        c.source_file,
        l.source_record
    from stepped as s
    inner join mart_line as l on s.line_no = l.line_no
    inner join mart_line as b on s.line_before = b.line_no
    inner join mart_account as a on l.account_id = a.account_id
    inner join mart_content as c on l.content_no = c.content_no
    inner join mart_content as d on b.content_no = d.content_no
    where s.account_id = s.account_before and s.base <> s.base_before
),

overlapped as (
    select
        account_no,
        'overlap' as kind,
        null::bigint as line_no,
        null::bigint as previous_line_no,
        first_on,
        last_on,
        null::bigint as gap_fen,
        lines,
        previous_file,
        source_file,
        null::bigint as source_record
    from int_content__overlap
)

select * from broken
union all
select * from overlapped
order by account_no, kind, first_on, line_no, previous_file, source_file
