-- Purpose: what a holder is by itself: bank, payment institution, securities or futures firm, real-estate firm,
-- insurer, another supervised institution.
-- Grain: holder_id × role. Sorted by it.
-- Reads: mart_holder, stg_institutions, stg_banks, mart_account, int_name__key. Registers first, the name as last
-- resort.
with bank_name as (
    select distinct k.name_key
    from stg_banks as b
    inner join int_name__key as k on b.bank_name = k.name
),

judged as (
    select
        h.holder_id,
        h.name_key,
        h.kind,
        i.institution_id,
        i.sector,
        i.licence_status,
        coalesce(i.licence_scope, '') || coalesce(i.business_scope, '') as scope,
        b.name_key is not null as is_bank
    from mart_holder as h
    left join stg_institutions as i on h.institution_id = i.institution_id
    left join bank_name as b on h.name_key = b.name_key
    where h.kind <> 'person'
)

select
    holder_id,
    'bank' as role,
    6 as priority,
    case when is_bank then 'register of banks' else 'its name is a bank''s' end as reason,
    case when is_bank then 'register' else 'name' end as source,
    case when is_bank then 'banks' end as register,
    null as key
from judged
where is_bank or regexp_matches(name_key, '银行(股份公司|有限公司|股份有限公司)?([\p{Han}]{0,12}(分行|支行|营业部|中心|总行))?$')
union all
-- banks book interest against a ledger of their own, whose title is printed for a payer's name
select
    holder_id,
    'bank' as role,
    6 as priority,
    'its name is a bank''s ledger of interest' as reason,
    'name' as source,
    null as register,
    null as key
from mart_holder
where
    regexp_matches(
        name_key,
        '^([\p{Han}]{0,16}(银行|分行|支行|营业部|总行|清算中心))?(应付|应收|支付)?'
        || '(单位|对公|个人|企业|公司|活期|定期|协定|通知|同业|备付金|客户|储蓄)*(存款)?(利息|结息|计息)(支出|收入|过渡)?户?$'
    )
union all
select
    holder_id,
    'payment_institution' as role,
    7 as priority,
    'registered payment institution' as reason,
    'register' as source,
    'institutions' as register,
    institution_id as key
from judged
where sector = 'payment' and licence_status = 'licensed'
union all
select
    holder_id,
    'insurer' as role,
    8 as priority,
    case when institution_id is null then 'its name is an insurer''s' else 'registered insurer' end as reason,
    case when institution_id is null then 'name' else 'register' end as source,
    case when institution_id is not null then 'institutions' end as register,
    institution_id as key
from judged
where
    (sector = 'insurance' and licence_status = 'licensed')
    or (
        institution_id is null
        and regexp_matches(name_key, '保险(股份)?(集团)?(有限|股份)?公司')
        and not regexp_matches(name_key, '保险(代理|经纪|公估)')
    )
union all
select
    holder_id,
    'securities' as role,
    9 as priority,
    'its name is a securities or futures firm''s' as reason,
    'name' as source,
    null as register,
    null as key
from judged
where regexp_matches(name_key, '(证券|期货)(股份)?(有限|股份|经纪)?(有限)?公司|(证券|期货).*(营业部|分公司|结算|交易|保证金)')
union all
select
    holder_id,
    'real_estate' as role,
    10 as priority,
    'its name is a property developer''s or agent''s' as reason,
    'name' as source,
    null as register,
    null as key
from judged
where
    -- 本地产品, 厂房产权 and 安置业务 hold such a word across two words; valuers and surveyors neither build nor sell
    regexp_matches(name_key, '房地产|房产([^权品量能]|$)|置业([^务主绩]|$)|地产([^品权出量销]|$)|楼盘|房屋(销售|经纪|中介)')
    and not regexp_matches(name_key, '评估|估价|测绘|测量|协会|学会|(管理|产|登记)局$|登记中心|公积金')
union all
select
    holder_id,
    'institution' as role,
    11 as priority,
    'registered institution, sector ' || sector as reason,
    'register' as source,
    'institutions' as register,
    institution_id as key
from judged
where institution_id is not null
order by holder_id, role
