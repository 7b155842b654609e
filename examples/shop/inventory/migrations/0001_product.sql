create table inventory.product (
	sku text primary key,
	name text not null,
	cents bigint not null,
	quantity bigint not null check (quantity >= 0)
);
create table inventory.reservation (
	order_id bigint primary key,
	sku text not null references inventory.product (sku),
	quantity bigint not null
);
insert into inventory.product (sku, name, cents, quantity) values
	('tea', 'Green tea, 100 g', 790, 1000000),
	('mug', 'A mug', 1250, 1000),
	('teapot', 'The last teapots', 4900, 3);
