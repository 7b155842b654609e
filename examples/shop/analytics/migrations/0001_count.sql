create table analytics.total (
	id bigint primary key,
	placed bigint not null,
	confirmed bigint not null,
	cancelled bigint not null,
	cents bigint not null
);
insert into analytics.total (id, placed, confirmed, cancelled, cents) values (1, 0, 0, 0, 0);
