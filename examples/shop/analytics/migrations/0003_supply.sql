create table analytics.supply (
	id bigint generated always as identity primary key,
	sku text not null,
	number bigint not null,
	quantity bigint not null
);
