module m {
	requires transitive n;
	requires java.sql;
	requires org.slf4j;
	exports a;
	uses b.B;
	provides b.B with a.A;
}
