create table inventory.decision (
	order_id bigint primary key,
	kept boolean not null
);
