-- Purpose: where the balance chain of an account does not hold over all its files, and where files overlap.
-- Grain: account_no × line_no × kind; for kind 'overlap' account_no × pair of sources. Sorted by account_no, kind,
-- first_on.
-- Reads: mart_line, int_line__same_place. Amounts in fen. Take the running total of the amounts from each stated
-- balance: what is left stays the same along an account; a break is where it changes, and gap_fen by how much (what
-- is missing or too much). kind 'break': both lines stand in one file; 'gap': in two files (days or pages are missing
-- between them, or one file is cut short); 'overlap': two files hold lines of the same transactions (counted once;
-- lines says how many, gap_fen is null).
with based as (
    select
        account_no,
        line_no,
        booked_on,
        source_file,
        source_record,
        balance_after_fen - sum(case when direction = 'in' then amount_fen else -amount_fen end)
            over (partition by account_no order by seq) as base
    from mart_line
),

stepped as (
    select
        *,
        lag(base) over (partition by account_no order by line_no) as base_before,
        lag(line_no) over (partition by account_no order by line_no) as line_before,
        lag(booked_on) over (partition by account_no order by line_no) as on_before,
        lag(source_file) over (partition by account_no order by line_no) as file_before
    from based
    where base is not null
),

broken as (
    select
        account_no,
        case when source_file = file_before then 'break' else 'gap' end as kind,
        line_no,
        line_before as previous_line_no,
        on_before as first_on,
        booked_on as last_on,
        (base - base_before)::bigint as gap_fen,
        line_no - line_before + 1 as lines,
        file_before as previous_file,
        source_file,
        source_record
    from stepped
    where base <> base_before
),

copies as (
    select
        s.label,
        l.account_no,
        l.booked_at::date as booked_on,
        l.source_file
    from int_line__same_place as s
    inner join int_line__seen as l on s.row_id = l.row_id
),

overlapped as (
    select
        a.account_no,
        'overlap' as kind,
        null::bigint as line_no,
        null::bigint as previous_line_no,
        min(a.booked_on) as first_on,
        max(a.booked_on) as last_on,
        null::bigint as gap_fen,
        count(*) as lines,
        a.source_file as previous_file,
        b.source_file,
        null::bigint as source_record
    from copies as a
    inner join copies as b on a.label = b.label and a.source_file < b.source_file
    group by a.account_no, a.source_file, b.source_file
)

select * from broken
union all
select * from overlapped
order by account_no, kind, first_on, line_no, previous_file, source_file
