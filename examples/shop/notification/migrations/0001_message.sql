create table notification.message (
	id bigint generated always as identity primary key,
	order_id bigint not null,
	customer text not null check (length(customer) <= 100),
	body text not null
);
create index message_order_id on notification.message (order_id);
