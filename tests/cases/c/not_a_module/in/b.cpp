/*
import a;
*/
int import = 1;
  import b;
import(1);
