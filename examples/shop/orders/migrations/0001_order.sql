create table orders.placed (
	order_id bigint generated always as identity primary key,
	idempotency_key text unique,
	customer text not null,
	sku text not null,
	quantity bigint not null,
	cents bigint not null,
	state text not null,
	reason text not null,
	trace_id text not null,
	placed_at timestamptz not null
);
