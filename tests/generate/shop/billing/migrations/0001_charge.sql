create table billing.charge (order_id text primary key);
