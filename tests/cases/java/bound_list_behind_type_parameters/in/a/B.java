package a;
interface B {}
