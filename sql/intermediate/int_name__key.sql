-- Purpose: the form of a name that is compared: plain width and characters, no spaces or punctuation, one company
-- form.
-- Grain: name as delivered.
-- Reads: int_name__plain.
-- Columns: name_key (whole name), base_key (without the words an account's title adds after the company's own name),
-- kind ('person', 'company', 'unknown': digits or Latin letters that say neither), masked (holds * in place of
-- characters), odd (written with spaces, wide or traditional forms: not the form to show).
-- Latin names are firms by a word of trade, persons by one of the common surnames in pinyin, first or last.
with bare as (
    select
        name,
        lower(trim(plain)) as latin,
        name <> plain or regexp_matches(name, '[\s\p{Z}]') as odd,
        regexp_replace(
            translate(lower(plain), '×＊﹡✱ｘ', '*****'),
            '[\s\p{Z}\p{C}"''`.,;:!?_/\\|#&+<>{}=~^、。·•・‧,;:!?「」『』〈〉《》【】〔〕‘’“”-]', '', 'g'
        ) as bare
    from int_name__plain
),

formed as (
    select
        name,
        latin,
        odd,
        replace(
            replace(
                replace(regexp_replace(bare, '[()\[\]（）]', '', 'g'), '有限责任公司', '有限公司'),
                '股份有限公司', '股份公司'
            ), '有限责任', '有限'
        ) as name_key,
        regexp_matches(bare, '\*') as masked
    from bare
)

select
    name,
    name_key,
    coalesce(
        nullif(regexp_extract(
            name_key,
            '^(.{4,}?(?:有限公司|股份公司|集团公司|总公司|合伙企业(?:有限合伙|普通合伙)?|基金会))'
            || '(?:.*(?:专户|账户|帐户|备付金|存管户|汇缴户|保证金|准备金|户))$', 1
        ), ''),
        name_key
    ) as base_key,
    case
        when
            regexp_matches(name_key, '^[\p{Han}*]{2,4}$')
            and not regexp_matches(name_key, '(公司|银行|商行|商店|超市|饭店|酒店|中心|学校|医院|公社|财政局|.局|.厂|.店|.部|.院|.社|.所)$')
            then 'person'
        when name_key = '' then 'unknown'
        when
            regexp_matches(name_key, '(\p{Han}.*){5}')
            or regexp_matches(name_key, '(公司|集团|银行|商行|商店|超市|饭店|酒店|中心|学校|医院|公社|(局|厂|店|部|院|社|所|会|户)$)')
            or regexp_matches(
                latin,
                '(^|[^a-z])(ltd|limited|co|corp|corporation|company|inc|llc|plc|gmbh|bank|branch|trust|insurance'
                || '|securities|holding|holdings|group|trading|fund|capital|school|charity|foundation|association'
                || '|bureau|office|center|centre|hospital|university|hotel|store|shop|factory|institute|clearing)'
                || '([^a-z]|$)'
            )
            then 'company'
        when
            regexp_matches(latin, '^[a-z]{1,12}[ ,.-]+[a-z]{1,12}([ ,.-]+[a-z]{1,12})?$')
            and regexp_matches(
                latin,
                '(^|[ ,.-])(' || 'li|wang|zhang|liu|chen|yang|huang|zhao|wu|zhou|xu|sun|ma|zhu|hu|guo|he|lin|gao|luo'
                || '|zheng|liang|xie|song|tang|deng|han|feng|cao|peng|zeng|xiao|tian|dong|pan|yuan|cai'
                || '|jiang|yu|du|ye|cheng|wei|su|lu|lv|ding|ren|shen|yao|fu|zhong|cui|tan|liao|fan|jin|shi'
                || '|dai|jia|xia|qiu|fang|hou|zou|xiong|meng|qin|bai|yan|xue|yin|duan|lei|long|tao|gu|mao'
                || '|hao|gong|shao|wan|qian|mo|kong|xiang|chang|nie|wen|kang|bao|pang|fei|ge|hong|guan|zuo'
                || '|ning|niu|lai'
                || ')([ ,.-]|$)'
            )
            then 'person'
        when regexp_matches(name_key, '^[0-9a-z*]+$') or regexp_matches(name_key, '[0-9]') then 'unknown'
        else 'company'
    end as kind,
    masked,
    odd
from formed
