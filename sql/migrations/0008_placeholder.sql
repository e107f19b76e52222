-- compatible: yes
-- step: transactional placeholder
select 1
