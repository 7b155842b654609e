import '../a/a';
