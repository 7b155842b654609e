alter table inventory.product add column restocks bigint not null default 0;
