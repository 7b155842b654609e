create table analytics.snapshot (
	at timestamptz primary key,
	placed bigint not null,
	cents bigint not null
);
