create table billing.invoice (
	order_id bigint primary key,
	cents bigint not null,
	card text not null,
	state text not null
);
create table billing.payment (
	id bigint generated always as identity primary key,
	order_id bigint not null references billing.invoice (order_id),
	cents bigint not null
);
